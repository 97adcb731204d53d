import { expect, test } from "vitest";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { compatibleWire } from "../helpers/models/chat-wire.ts";
import { modelScene } from "../helpers/models/model-scene.ts";
import { openaiWire } from "../helpers/models/openai-wire.ts";

const read = {
  name: "read",
  description: undefined,
  inputSchema: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
};
const call = (path: string) => ({ name: "read", input: { path } });
const content = async (_name: string, input: unknown) => `content of ${JSON.stringify(input)}`;

test("the call of a tool that is over the limit is refused, and the model finishes with what it has", async () => {
  const scene = await modelScene(
    openaiWire,
    [{ toolCalls: [call("a"), call("b"), call("c"), call("d")] }, { text: ["Done with three."] }],
    { limits: { max_tool_calls: 3 } },
  );
  const answer = await scene.ask({ tools: [read] }, content);
  expect(answer).toMatchObject({ text: "Done with three.", usage: { toolCalls: 3 } });
  const results = scene.server.requests[1]?.asked.toolResults ?? [];
  expect(results).toHaveLength(4);
  expect(results[3]).toContain("The limit of tool calls is reached");
  expect(scene.told("tool_answered").map(({ status }) => status)).toEqual([
    ...["completed", "completed", "completed"],
    "refused",
  ]);
  expect(scene.told("guardrail_exceeded")).toEqual([{ limit: "max_tool_calls", allowed: 3, used: 3 }]);
  const execution = scene.store.budgets.find({ seq: scene.workplace.executionSeq, ordinal: 0 });
  expect(execution?.used).toMatchObject({ toolCalls: 3, requests: 2, turns: 2 });
});

test("a model that does not listen to refusals is stopped at the third", async () => {
  const scene = await modelScene(anthropicWire, [{ toolCalls: [call("a")] }], { limits: { max_tool_calls: 1 } });
  await expect(scene.ask({ tools: [read] }, content)).rejects.toMatchObject({
    name: "GuardrailExceeded",
    exceedance: { limit: "max_tool_calls", used: 1 },
  });
  expect(scene.server.requests).toHaveLength(4);
});

test("where a person is to be asked for more the first call over the limit ends the attempt", async () => {
  const scene = await modelScene(anthropicWire, [{ toolCalls: [call("a"), call("b")] }], {
    limits: { max_tool_calls: 1, on_exceed: "ask" },
  });
  await expect(scene.ask({ tools: [read] }, content)).rejects.toMatchObject({ name: "GuardrailExceeded" });
  expect(scene.server.requests).toHaveLength(1);
});

test("what is wrong with a call, or goes wrong in a tool, goes back to the model", async () => {
  const scene = await modelScene(compatibleWire, [
    {
      toolCalls: [
        { name: "reed", input: {} },
        { name: "read", input: { path: 7 } },
        { name: "read", input: '{"pa' },
        call("a"),
      ],
    },
    { text: ["I see."] },
  ]);
  const answer = await scene.ask({ tools: [read] }, async () => {
    throw new Error("no such file");
  });
  expect(answer).toMatchObject({ text: "I see.", usage: { toolCalls: 1 } });
  const results = scene.server.requests[1]?.asked.toolResults;
  expect(results).toEqual([
    "there is no tool reed; did you mean read? The tools are read.",
    "the arguments do not fit: path: must be string",
    "the arguments are no JSON",
    "no such file",
  ]);
});

test("a model that goes on calling tools after its last turn is an error", async () => {
  const scene = await modelScene(anthropicWire, [{ toolCalls: [call("a")] }]);
  const made: unknown[] = [];
  const asked = scene.ask({ tools: [read], maxTurns: 2 }, async (_name, input) => made.push(input));
  await expect(asked).rejects.toMatchObject({
    code: "too_many_turns",
    message: "anthropic:claude-sonnet-4-5 still called tools after all of its 2 turns",
  });
  expect(made).toHaveLength(1);
});

test("long arguments are shortened where they are shown, and the response shows the calls", async () => {
  const scene = await modelScene(anthropicWire, [{ toolCalls: [call("x".repeat(500))] }, "silence"]);
  const asked = scene.ask({ tools: [read] }, content);
  await scene.server.asked(2);
  expect(String(scene.told("tool_called")[0]?.["arguments"])).toHaveLength(200);
  expect(scene.saved.get("draft.response")).toMatchObject({ tool_calls: [{ name: "read" }] });
  expect(JSON.stringify(scene.saved.get("draft.prompt"))).toContain("content of");
  scene.abort(new Error("enough"));
  await expect(asked).rejects.toThrow("enough");
});
