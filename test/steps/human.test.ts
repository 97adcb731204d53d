import { describe, expect, test } from "vitest";
import { createClock } from "../../src/testing/clock.ts";
import { flowOf } from "../helpers/definitions.ts";
import { type TestEngine, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

/** A definition that is running, on a clock that the test moves. */
async function running(text: string, input: unknown = {}) {
  const flow = flowOf(text, { path: "asks.yaml" });
  const clock = createClock();
  const engine = engines.open([flow], { clock });
  engine.work();
  const { id } = await engine.start(flow, input);
  return { engine, id, clock };
}

const review = (more = "") => `
inputs: { topic: tea }
steps:
  - { id: draft, type: emit, event: draft, data: 1 }
  - id: review
    type: human
    question: "Publish the notes on {{ topic }}?"
    options:
      - { id: publish, label: "Publish {{ topic }}" }
      - { id: revise, label: Send it back, next_step: draft }
      - drop
${more}
outputs: "{{ steps.review.output }}"
`;

const answer = (engine: TestEngine, id: string, value: unknown, answeredBy?: string) =>
  engine.engine.answer(id, { wait: "review", value, answeredBy });

describe("a human step", () => {
  test("asks with its options, their labels, and a schema that takes an option alone or with a comment", async () => {
    const { engine, id } = await running(review());
    await engine.asked(id, "review");
    const { detail } = engine.entry(id, "review");
    const option = {
      type: "string",
      oneOf: [
        { const: "publish", title: "Publish tea" },
        { const: "revise", title: "Send it back" },
        { const: "drop", title: "drop" },
      ],
    };
    expect(detail).toMatchObject({
      question: "Publish the notes on tea?",
      schema: {
        anyOf: [
          option,
          {
            type: "object",
            properties: { option, comment: { type: "string", title: "Comment" } },
            required: ["option"],
            additionalProperties: false,
          },
        ],
      },
      metadata: {
        options: [
          { id: "publish", label: "Publish tea" },
          { id: "revise", label: "Send it back" },
          { id: "drop", label: "drop" },
        ],
      },
    });
    for (const wrong of ["later", {}, { option: "publish", note: "x" }, { comment: "x" }, 1]) {
      await expect(answer(engine, id, wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code: "invalid_input" });
    }
  });

  test.each([
    ["publish", { option: "publish", value: "publish", comment: null }],
    [
      { option: "drop", comment: "Too late" },
      { option: "drop", value: "drop", comment: "Too late" },
    ],
    [
      { option: "drop", comment: "" },
      { option: "drop", value: "drop", comment: null },
    ],
  ])("answered with %j says what was chosen, by whom and when", async (value, output) => {
    const { engine, id, clock } = await running(review());
    await engine.asked(id, "review");
    clock.move(60_000);
    await answer(engine, id, value, "Ada");
    expect(await engine.result(id)).toEqual({
      ...output,
      answered_by: "Ada",
      answered_at: new Date(clock.now()).toISOString(),
    });
  });

  test("answers what its schema asks for", async () => {
    const { engine, id } = await running(`
steps:
  - id: review
    type: human
    question: How many?
    schema: { type: integer, minimum: 1 }
outputs: "{{ steps.review.output }}"
`);
    await engine.asked(id, "review");
    await expect(answer(engine, id, 0)).rejects.toMatchObject({ code: "invalid_input" });
    await answer(engine, id, 3);
    expect(await engine.result(id)).toMatchObject({ option: null, value: 3, comment: null, answered_by: null });
  });

  test("jumps where the option leads, and asks anew when it comes there again", async () => {
    const { engine, id } = await running(review());
    await engine.asked(id, "review");
    await answer(engine, id, { option: "revise", comment: "Shorter" });
    await engine.asked(id, "review");
    await answer(engine, id, "publish");
    expect(await engine.result(id)).toMatchObject({ option: "publish", comment: null });
    const steps = engine.entries(id).filter(({ kind }) => kind !== "value");
    const named = steps.map(({ name, occurrence, status }) => `${name}#${occurrence} ${status}`);
    expect(named).toEqual(["draft#1 completed", "review#1 answered", "draft#2 completed", "review#2 answered"]);
  });

  test("that is aborted fails, and on_error: continue goes on", async () => {
    for (const [more, status] of [
      ["", "failed"],
      ["    on_error: continue", "completed"],
    ] as const) {
      const { engine, id } = await running(review(more));
      await engine.asked(id, "review");
      await engine.engine.abortWait(id, { wait: "review", reason: "no need" });
      const ended = await engine.ended(id);
      expect(ended.status).toBe(status);
      if (ended.status === "failed") {
        expect(ended.failure).toMatchObject({ origin: "wait", message: expect.stringContaining("no need") });
      }
      await engine.close();
    }
  });
});

describe("a deadline", () => {
  const deadline = (action: string) => review(`    timeout: 10m\n    on_timeout: ${action}`);

  async function expired(action: string) {
    const { engine, id, clock } = await running(deadline(action));
    await engine.waiting(id);
    clock.move(10 * 60_000);
    return { engine, id, at: new Date(clock.now()).toISOString() };
  }

  test("fails the step by default, and a retry asks anew", async () => {
    const { engine, id } = await expired("fail");
    const ended = await engine.ended(id);
    expect(ended).toMatchObject({
      status: "failed",
      failure: { code: "wait_expired", origin: "wait", step: "review", message: expect.stringContaining("review") },
    });
    await engine.engine.retry(id);
    await engine.asked(id, "review");
    await answer(engine, id, "publish");
    expect(await engine.result(id)).toMatchObject({ option: "publish" });
  });

  test("with continue answers nothing at all", async () => {
    const { engine, id } = await expired("continue");
    expect(await engine.result(id)).toEqual({
      option: null,
      value: null,
      comment: null,
      answered_by: null,
      answered_at: null,
    });
  });

  test("with skip leaves the step skipped", async () => {
    const { engine, id } = await running(
      `${deadline("skip").replace('outputs: "{{ steps.review.output }}"', 'outputs: "{{ steps.review.status }}"')}`,
    ).then(async ({ engine, id, clock }) => {
      await engine.waiting(id);
      clock.move(10 * 60_000);
      return { engine, id };
    });
    expect(await engine.result(id)).toBe("skipped");
    expect(engine.entry(id, "review").detail).toMatchObject({ metadata: { on_timeout: "skip" } });
  });

  test("with an option is as if that had been chosen, by nobody", async () => {
    const { engine, id, at } = await expired("drop");
    expect(await engine.result(id)).toEqual({
      option: "drop",
      value: "drop",
      comment: null,
      answered_by: null,
      answered_at: at,
    });
  });

  test("with an option that leads elsewhere goes there", async () => {
    const { engine, id } = await expired("revise");
    await expect.poll(() => engine.entries(id).filter(({ name }) => name === "review").length).toBe(2);
    await answer(engine, id, "publish");
    expect(await engine.result(id)).toMatchObject({ option: "publish" });
    expect(engine.entries(id).filter(({ name }) => name === "draft")).toHaveLength(2);
  });

  test.each([
    ["10m", 8 * 60_000],
    ["2d", 47 * 3_600_000],
  ])("of %s is announced on the timeline a fifth of it before, an hour at most", async (timeout, warnAt) => {
    const { engine, id, clock } = await running(review(`    timeout: ${timeout}`));
    await engine.waiting(id);
    clock.move(warnAt - 1);
    await engine.waiting(id);
    expect(engine.events(id)).not.toContain("wait_expiring");
    clock.move(1);
    await expect.poll(() => engine.events(id)).toContain("wait_expiring");
    expect(engine.entry(id, "review").status).toBe("pending");
  });

  test("is what the run says for this step, and not what it says for all", async () => {
    const flow = flowOf(deadline("drop"), { path: "asks.yaml" });
    const clock = createClock();
    const engine = engines.open([flow], { clock });
    engine.work();
    const start = (timeouts: Record<string, number>) => engine.start(flow, {}, { timeouts });
    const { id } = await start({ review: 1_000, "*": 5 });
    await engine.asked(id, "review");
    expect(engine.entry(id, "review").dueAt).toBe(clock.now() + 1_000);
    const { id: other } = await start({ "*": 5 });
    await engine.asked(other, "review");
    expect(engine.entry(other, "review").dueAt).toBe(clock.now() + 600_000);
  });
});

test("waits in loops that run at the same time are asked at once, each in its own place", async () => {
  const { engine, id } = await running(`
steps:
  - id: each
    type: loop
    items: [a, b, c]
    concurrency: 3
    collect: "{{ steps.ask.output.option }} {{ item }}"
    steps:
      - { id: ask, type: human, question: "ok {{ item }}?", options: [yes, no] }
outputs: "{{ steps.each.output }}"
`);
  await engine.waiting(id);
  const pending = engine.entries(id).filter(({ status }) => status === "pending");
  expect(pending.map(({ scope, detail }) => [scope, detail?.["question"]])).toEqual([
    ["each[0]", "ok a?"],
    ["each[1]", "ok b?"],
    ["each[2]", "ok c?"],
  ]);
  for (const at of [2, 0, 1])
    await engine.engine.answer(id, { wait: `each[${at}]/ask`, value: at === 1 ? "no" : "yes" });
  expect(await engine.result(id)).toEqual(["yes a", "no b", "yes c"]);
});
