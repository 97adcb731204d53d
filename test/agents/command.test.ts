import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useAgents } from "../helpers/agents/agents.ts";

const agents = useAgents();

describe("another program as an agent", () => {
  test("reads the prompt from its standard input, and its output is the answer", async () => {
    const { run } = agents.open([]);
    const prompt = "ö".repeat(200_000);
    const { result, calls, events } = await run(prompt, { command: ["sh", "-c", "wc -c | tr -d ' '; echo second"] });
    expect(result).toMatchObject({ text: "400000\nsecond", turns: 0, toolCalls: 0, sessionId: null });
    expect(result).toMatchObject({ usage: { inputTokens: 0, costUsd: null } });
    expect(calls).toMatchObject([{ provider: "command", status: "completed", input_tokens: null, cost_usd: null }]);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["agent_started", "agent_ended"]));
  });

  test("may have a way to answer that is a path in its workspace, and instructions before the prompt", async () => {
    const { run, project } = agents.open([]);
    writeFileSync(join(project, "mine"), '#!/bin/sh\ncat; printf \' %s\' "$1" "$SAVEPOINT_PROJECT"\n');
    chmodSync(join(project, "mine"), 0o755);
    const { result } = await run("the task", { command: ["./mine", "an argument"], systemPrompt: "be kind" });
    expect(result).toMatchObject({ text: `be kind\n\nthe task an argument ${project}` });
  });

  test("answers JSON where a schema asks for it", async () => {
    const { run } = agents.open([]);
    const output = { type: "object", required: ["n"] };
    expect((await run("go", { command: ["echo", '{"n":1}'], output })).result).toMatchObject({ output: { n: 1 } });
    const wrong = await run("go", { command: ["echo", '{"m":1}'], output });
    expect(wrong.failure).toMatchObject({ code: "unfit_answer", message: expect.stringContaining('"n" is missing') });
    const none = await run("go", { command: ["echo", "hello"], output });
    expect(none.failure).toMatchObject({ code: "unfit_answer", message: expect.stringContaining("not JSON") });
  });

  test("fails by its exit code, with the end of what it said", async () => {
    const { run } = agents.open([]);
    const { failure, calls } = await run("go", { command: ["sh", "-c", "echo half; echo no luck >&2; exit 4"] });
    expect(failure).toMatchObject({ code: "agent_failed", message: "the agent ended with exit code 4: no luck" });
    expect(calls).toMatchObject([{ status: "failed", error: "the agent ended with exit code 4: no luck" }]);
  });

  test("that does not exist is named", async () => {
    const { run } = agents.open([]);
    expect((await run("go", { command: ["no-such-program"] })).failure).toMatchObject({
      code: "agent_not_found",
      message: 'there is no program "no-such-program"',
    });
  });

  test("finds no keys of Claude Code in its environment unless they are named", async () => {
    const env = { ANTHROPIC_API_KEY: "key", MINE: "mine" };
    const { run } = agents.open([], { env });
    const command = ["sh", "-c", "echo [$ANTHROPIC_API_KEY][$MINE]"];
    expect((await run("go", { command })).result).toMatchObject({ text: "[][]" });
    expect((await run("go", { command, env: ["MINE"] })).result).toMatchObject({ text: "[][mine]" });
  });
});
