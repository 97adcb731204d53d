import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Flow } from "../../src/flows/flow.ts";
import type { Guardrails } from "../../src/flows/guardrails.ts";
import type { FakeClaudeRun } from "../../src/testing/fake-claude.ts";
import { byContent, type MockModel, mockModel, openTestEngine, withUsage } from "../../src/testing/testing.ts";
import { isRunning, useAgents } from "../helpers/agents/agents.ts";
import { flowOf } from "../helpers/definitions.ts";
import { delay, type TestEngine, until } from "../helpers/engine.ts";
import { useStepScene } from "../helpers/step-scene.ts";

const scene = useStepScene();
const agents = useAgents();

interface Kind {
  /** The steps of a definition, given more fields for the step that works. */
  steps(more?: string): string;
  /** Where the work over a limit of two requests is refused, and where over one of one. */
  refused: { two: string; one: string };
}

const kinds: Record<string, Kind> = {
  llm: {
    steps: (more = "") => `steps:
  - id: each
    type: loop
    items: [a, b, c]
    steps: [{ id: ask, type: llm_generate, prompt: "About {{ item }}"${more} }]
  - { id: after, type: emit, event: after }`,
    refused: { two: "each[2]/ask", one: "each[1]/ask" },
  },
  batch_llm: {
    steps: (more = "") => `steps:
  - { id: ask, type: batch-llm, items: [a, b, c], concurrency: 1, prompt_template: "About {{ item }}"${more} }
  - { id: after, type: emit, event: after }`,
    refused: { two: "ask[2]", one: "ask[1]" },
  },
};

const perRequest = { inputTokens: 60, outputTokens: 40, costUsd: 0.01 };

interface Around {
  model?: MockModel;
  /** What Claude Code does. */
  claude?: FakeClaudeRun;
  guardrails?: Guardrails;
}

/** Runs a definition, and tells what came of it. */
async function ended(text: string, { model, claude, guardrails }: Around = {}) {
  const flow = Object.assign(() => {}, flowOf(text)) as unknown as Flow<unknown, unknown>;
  await using t = openTestEngine({
    flows: [flow],
    model: model ?? mockModel(withUsage("fine", perRequest)),
    ...(claude !== undefined && { claude: { runs: [claude] } }),
    autoAdvance: true,
    patience: "5s",
  });
  const run = await t.run(flow, {}, guardrails === undefined ? {} : { guardrails });
  await run.settled();
  const failure = await run.failure();
  const calls = claude === undefined ? [] : t.claude.calls();
  return { failure, usage: await run.usage(), checkpoints: await run.checkpoints(), claude: calls };
}

describe("guardrails of a definition, by whatever names,", () => {
  test.each(Object.entries(kinds))(
    "end steps of the kind %s before the request over them, with the step's name and what was used",
    async (_, { steps, refused }) => {
      const { failure, usage, checkpoints } = await ended(`guardrails: { request_limit: 2 }\n${steps()}`);
      expect(failure).toMatchObject({
        origin: "guardrail",
        step: "ask",
        checkpoint: refused.two,
        guardrail: { limit: "max_requests", allowed: 2, used: 2 },
      });
      expect(usage).toMatchObject({ requests: 2, inputTokens: 120, outputTokens: 80, costUsd: 0.02 });
      expect(checkpoints.at(-1)).toMatchObject({ selector: refused.two, status: "failed" });
    },
  );

  test.each(Object.entries(kinds))(
    "give way to those of the run, lower or higher, for the kind %s",
    async (_, { steps, refused }) => {
      const text = `guardrails: { request_limit: 2 }\n${steps()}`;
      const lower = await ended(text, { guardrails: { maxRequests: 1 } });
      expect(lower).toMatchObject({ failure: { step: "ask", checkpoint: refused.one }, usage: { requests: 1 } });
      const higher = await ended(text, { guardrails: { maxRequests: 3 } });
      expect(higher).toMatchObject({ failure: null, usage: { requests: 3 } });
    },
  );

  test.each([
    ["total_tokens_limit: 150", "max_tokens"],
    ["max_cost_dollars: 0.015", "max_cost_usd"],
  ])("hold for %s", async (guardrail, limit) => {
    const { failure, usage } = await ended(`guardrails: { ${guardrail} }\n${kinds["llm"]?.steps()}`);
    expect(failure).toMatchObject({ step: "ask", checkpoint: "each[2]/ask", guardrail: { limit } });
    expect(usage).toMatchObject({ requests: 2 });
  });

  test("fail the one step that they are given to, and the work may go on", async () => {
    const more = ", guardrails: { request_limit: 0 }, on_error: continue";
    const { failure, usage, checkpoints } = await ended(kinds["llm"]?.steps(more) ?? "");
    expect({ failure, usage }).toMatchObject({ failure: null, usage: { requests: 0 } });
    expect(checkpoints.map(({ selector, failure }) => [selector, failure?.code])).toEqual([
      ["each[0]/ask", "guardrail_exceeded"],
      ["each[1]/ask", "guardrail_exceeded"],
      ["each[2]/ask", "guardrail_exceeded"],
      ["after", undefined],
    ]);
  });

  test("of a batch hold for each of its rows, and of the workflow for all of them", async () => {
    const { failure, usage } = await ended(kinds["batch_llm"]?.steps(", guardrails: { request_limit: 1 }") ?? "");
    expect({ failure, usage }).toMatchObject({ failure: null, usage: { requests: 3 } });
    const none = await ended(kinds["batch_llm"]?.steps(", guardrails: { request_limit: 0 }") ?? "");
    expect(none).toMatchObject({ failure: null, usage: { requests: 0 } });
    expect(none.checkpoints.slice(0, 3).map(({ failure }) => failure?.code)).toEqual(
      Array(3).fill("guardrail_exceeded"),
    );
  });

  test("limit the time of work by seconds, and name the step that was at work", async () => {
    const { execution } = await scene.run(`name: long
guardrails: { timeout_seconds: 1 }
steps: [{ id: build, type: shell_command, command: "sleep 30" }]`);
    expect(execution).toMatchObject({
      status: "failed",
      failure: { step: "build", origin: "guardrail", guardrail: { limit: "max_time", allowed: 1_000 } },
    });
  });
});

const call = { name: "Bash", input: { command: "true" } };
const turns = Array.from({ length: 9 }, () => ({ tools: [call] }));
const working = ({ workflow = "", step = "" } = {}) => `
name: works
${workflow}
steps:
  - { id: begin, type: emit, event: begun }
  - { id: work, type: agent, prompt: "Mend it"${step} }
  - { id: after, type: emit, event: after }
`;

describe("an agent that is not done", () => {
  test.each([
    ["turns", { step: ", max_turns: 2" }, { code: "max_turns" }],
    ["the calls of its step", { step: ", guardrails: { tool_calls_limit: 1 }" }, { origin: "guardrail" }],
    ["the workflow's calls", { workflow: "guardrails: { max_tool_calls: 1 }" }, { origin: "guardrail" }],
    ["the workflow's tokens", { workflow: "guardrails: { max_tokens: 300 }" }, { origin: "guardrail" }],
  ])("fails the execution at its step, with what it used, when it runs out of %s", async (_, where, why) => {
    const { failure, usage, checkpoints } = await ended(working(where), { claude: { turns } });
    expect(failure).toMatchObject({ ...why, step: "work" });
    expect(usage.inputTokens).toBeGreaterThan(0);
    expect(usage.toolCalls).toBeGreaterThan(0);
    expect(checkpoints.map(({ name, status }) => [name, status])).toEqual([
      ["begin", "completed"],
      ["work", "failed"],
    ]);
  });

  test("fails the execution at its step when it runs out of time, and is gone", async () => {
    const flow = flowOf(working({ step: ", timeout_seconds: 3" }));
    const { t, claude, end } = agents.open([{ turns, hangs: true }], { flows: [flow] });
    const { id } = await t.start(flow);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { code: "timeout", step: "work" } });
    await until(() => claude.calls().every(({ pid }) => !isRunning(pid)), "the end of its process");
    await until(() => end(id).calls[0]?.status === "failed", "its record");
    expect(end(id).calls[0]?.input_tokens).toBeGreaterThan(0);
  });

  test("fails where it says so itself, beside a subtype of success", async () => {
    const result = { is_error: true, result: "no credit left" };
    const { failure } = await ended(working(), { claude: { result } });
    expect(failure).toMatchObject({
      code: "agent_failed",
      step: "work",
      message: expect.stringContaining("no credit"),
    });
  });

  test("is ended at the run's limit, whatever the file allows", async () => {
    const text = working({ workflow: "guardrails: { max_tool_calls: 100 }" });
    const { failure, usage } = await ended(text, { claude: { turns }, guardrails: { maxToolCalls: 2 } });
    expect(failure).toMatchObject({ step: "work", guardrail: { limit: "max_tool_calls", allowed: 2 } });
    expect(usage).toMatchObject({ toolCalls: 2 });
  });
});

test("an agent has the tools that its step names and no others, whatever its permission mode", async () => {
  const text = working({ step: ", allowed_tools: [Read], permission_mode: bypassPermissions" });
  const read = { name: "Read", input: { file_path: "a.md" } };
  const turns = [{ tools: [read] }, { tools: [call] }, { text: "enough" }];
  const { failure, claude, checkpoints } = await ended(text, { claude: { turns } });
  expect(failure).toBeNull();
  expect(claude[0]?.tools).toEqual([
    { name: "Read", refusal: null },
    { name: "Bash", refusal: expect.stringContaining("Bash") },
  ]);
  expect(checkpoints.find(({ name }) => name === "work")?.output).toMatchObject({ text: "enough" });
});

describe("usage", () => {
  test("is that of each step and of all together, where the last one fails as well", async () => {
    const { failure, usage, checkpoints } = await ended(
      `steps:
  - { id: one, type: llm, prompt: small }
  - { id: two, type: llm, prompt: large }
  - { id: bad, type: shell, command: "exit 3" }`,
      {
        model: mockModel(
          byContent({
            small: withUsage("a", { inputTokens: 10, outputTokens: 1, costUsd: 0.001 }),
            large: withUsage("b", { inputTokens: 500, outputTokens: 70, costUsd: 0.25 }),
          }),
        ),
      },
    );
    expect(failure).toMatchObject({ step: "bad", code: "exit_code" });
    const own = checkpoints.map((one) => [one.selector, one.usage.inputTokens, one.usage.outputTokens]);
    expect(own).toEqual([
      ["one", 10, 1],
      ["two", 500, 70],
      ["bad", 0, 0],
    ]);
    expect(usage).toMatchObject({ requests: 2, inputTokens: 510, outputTokens: 71, costUsd: 0.251 });
  });

  test("of rows that are asked at the same time is each row's own", async () => {
    const { usage, checkpoints } = await ended(
      `steps: [{ id: rate, type: batch_llm, items: [tea, mud, oil], concurrency: 3, prompt: "Rate {{ item }}" }]`,
      {
        model: mockModel(
          byContent({
            tea: withUsage("1", { inputTokens: 1, outputTokens: 10 }),
            mud: withUsage("2", { inputTokens: 20, outputTokens: 200 }),
            oil: withUsage("3", { inputTokens: 300, outputTokens: 3000 }),
          }),
        ),
      },
    );
    expect(checkpoints.map((row) => [row.usage.inputTokens, row.usage.outputTokens])).toEqual([
      [1, 10],
      [20, 200],
      [300, 3000],
    ]);
    expect(usage).toMatchObject({ requests: 3, inputTokens: 321, outputTokens: 3210 });
  });
});

describe("a run of a definition", () => {
  const slow = `name: slow
steps:
  - { id: one, type: function, function: held }
  - { id: two, type: emit, event: two }`;

  /** A function that runs until it is let go. */
  function holding() {
    const told = { begun: 0, letGo: () => {} };
    const gone = new Promise<void>((resolve) => {
      told.letGo = resolve;
    });
    const held = async () => {
      told.begun += 1;
      await gone;
      return told.begun;
    };
    return { told, functions: { "tools.ts": { held } } };
  }

  const stepsOf = (t: TestEngine, id: string) =>
    t.entries(id).flatMap(({ kind, name, status }) => (kind === "checkpoint" ? [[name, status]] : []));

  test("that is paused begins no further step, and goes on where it was", async () => {
    const { told, functions } = holding();
    const { t, id } = await scene.start(slow, { functions });
    await until(() => told.begun === 1, "its first step");
    await t.engine.pause(id);
    told.letGo();
    await until(() => t.get(id).status === "paused", "the pause");
    expect(stepsOf(t, id)).toEqual([["one", "completed"]]);
    await t.engine.resume(id);
    expect((await t.ended(id)).status).toBe("completed");
    expect(told.begun).toBe(1);
  });

  test("that was stopped stays so, whatever its step still comes to", async () => {
    const { told, functions } = holding();
    const { t, id } = await scene.start(slow, { functions });
    await until(() => told.begun === 1 && stepsOf(t, id).length === 1, "the record of its step");
    await t.engine.cancel(id);
    told.letGo();
    await delay(50);
    expect(t.get(id).status).toBe("cancelled");
    expect(stepsOf(t, id)).toEqual([["one", "cancelled"]]);
    await expect(t.engine.resume(id)).rejects.toMatchObject({ code: "invalid_state" });
  });

  test("can be stopped while a person is asked, who can answer no more", async () => {
    const { t, id } = await scene.start(
      `name: asks\nsteps: [{ id: ask, type: human, question: "Go?", options: [yes_now] }]`,
    );
    await t.waiting(id);
    await t.engine.cancel(id);
    expect(t.get(id).status).toBe("cancelled");
    await expect(t.engine.answer(id, { value: "yes_now" })).rejects.toMatchObject({ code: "invalid_state" });
  });

  test("has the last word on how long a step may take", async () => {
    const { execution, t } = await scene.run(
      `name: long
steps: [{ id: build, step_type: shell_command, command: "sleep 30", timeout: 1800 }]`,
      { request: { timeouts: { build: 200 } } },
    );
    expect(execution).toMatchObject({ status: "failed", failure: { code: "timeout", step: "build" } });
    expect(t.entry(execution.id, "build").failure?.message).toContain("ran longer than 200 ms");
  });

  test("is tried again with the inputs that it had, whatever the kind of the step that failed", async () => {
    const text = `name: again
inputs: { word: { type: string, required: true } }
steps:
  - { id: first, type: emit, event: first, data: "{{ word }}" }
  - { id: build, type: shell, command: "test -f mended && echo built {{ word | shell }}" }
outputs: "{{ steps.build.output.stdout }}"`;
    const { t, execution } = await scene.run(text, { input: { word: "otter" } });
    expect(execution).toMatchObject({ status: "failed", failure: { step: "build", code: "exit_code" } });
    writeFileSync(join(scene.project(), "mended"), "");
    await t.engine.retry(execution.id);
    expect(await t.result(execution.id)).toBe("built otter");
    expect(t.events(execution.id).filter((type) => type === "event_emitted")).toHaveLength(1);
  });
});
