import { describe, expect, test } from "vitest";
import type { Limits } from "../../src/core/guardrails.ts";
import type { Flow } from "../../src/flows/flow.ts";
import { byContent, type MockModel, mockModel, openTestEngine, withUsage } from "../../src/testing/testing.ts";
import { useAgents } from "../helpers/agents/agents.ts";
import { flowOf } from "../helpers/definitions.ts";
import { delay, until } from "../helpers/engine.ts";
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

/** Runs a definition with a model that answers everything, and tells what came of it. */
async function ended(text: string, { model, limits }: { model?: MockModel; limits?: { maxRequests: number } } = {}) {
  const flow = Object.assign(() => {}, flowOf(text)) as unknown as Flow<unknown, unknown>;
  await using t = openTestEngine({ flows: [flow], model: model ?? mockModel(withUsage("fine", perRequest)) });
  const run = await t.run(flow, {}, limits === undefined ? {} : { guardrails: limits });
  await run.settled();
  const failure = await run.failure();
  return { failure, usage: await run.usage(), checkpoints: await run.checkpoints(), calls: await run.events() };
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
      const lower = await ended(text, { limits: { maxRequests: 1 } });
      expect(lower).toMatchObject({ failure: { step: "ask", checkpoint: refused.one }, usage: { requests: 1 } });
      const higher = await ended(text, { limits: { maxRequests: 3 } });
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

/** Runs a definition with an agent that goes on and on. */
async function worked(text: string, { limits, hangs = false }: { limits?: Limits; hangs?: boolean } = {}) {
  const flow = flowOf(text);
  const { t } = agents.open([{ turns, hangs }], { flows: [flow] });
  const merged = { ...flow[Object.getOwnPropertySymbols(flow)[0] as never] } as { limits?: Limits };
  const { id } = await t.start(flow, {}, { limits: { ...merged.limits, ...limits } });
  const execution = await t.ended(id);
  const used = t.store.budgets.find({ seq: execution.seq, ordinal: 0 })?.used;
  return { execution, used, begun: t.entries(id).map(({ name }) => name) };
}

describe("an agent that is not done", () => {
  test.each([
    ["of turns", { step: ", max_turns: 2" }, { code: "max_turns" }],
    ["of time", { step: ", timeout_seconds: 2" }, { code: "timeout" }],
    ["of the calls of its step", { step: ", guardrails: { tool_calls_limit: 1 }" }, { origin: "guardrail" }],
    ["of the workflow's calls", { workflow: "guardrails: { max_tool_calls: 1 }" }, { origin: "guardrail" }],
    ["of the workflow's tokens", { workflow: "guardrails: { max_tokens: 300 }" }, { origin: "guardrail" }],
  ] as const)(
    "when it runs out %s fails the execution at its step, with what it used",
    async (what, where, failure) => {
      const { execution, used, begun } = await worked(working(where), { hangs: what === "of time" });
      expect(execution).toMatchObject({ status: "failed", failure: { ...failure, step: "work" } });
      expect(used?.inputTokens).toBeGreaterThan(0);
      expect(used?.toolCalls).toBeGreaterThan(0);
      expect(begun).toEqual(["begin", "work"]);
    },
  );

  test("is ended at the run's limit, whatever the file allows", async () => {
    const text = working({ workflow: "guardrails: { max_tool_calls: 100 }" });
    const { execution, used } = await worked(text, { limits: { max_tool_calls: 2 } });
    expect(execution).toMatchObject({
      status: "failed",
      failure: { step: "work", guardrail: { limit: "max_tool_calls", allowed: 2 } },
    });
    expect(used).toMatchObject({ toolCalls: 2 });
  });
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

  test("that is paused begins no further step, and goes on where it was", async () => {
    const { told, functions } = holding();
    const { t, id } = await scene.start(slow, { functions });
    await until(() => told.begun === 1);
    await t.engine.pause(id);
    told.letGo();
    await until(() => t.get(id).status === "paused", "the pause");
    expect(t.entries(id).map(({ name, status }) => [name, status])).toEqual([["one", "completed"]]);
    await t.engine.resume(id);
    expect((await t.ended(id)).status).toBe("completed");
    expect(told.begun).toBe(1);
  });

  test("that was stopped stays so, whatever its step still comes to", async () => {
    const { told, functions } = holding();
    const { t, id } = await scene.start(slow, { functions });
    await until(() => told.begun === 1);
    await t.engine.cancel(id);
    told.letGo();
    await delay(50);
    expect(t.get(id).status).toBe("cancelled");
    expect(t.entries(id).map(({ name }) => name)).toEqual(["one"]);
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
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${scene.project()}/mended`, "");
    await t.engine.retry(execution.id);
    expect(await t.result(execution.id)).toBe("built otter");
    expect(t.events(execution.id).filter((type) => type === "event_emitted")).toHaveLength(1);
  });
});
