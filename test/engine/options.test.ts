import { describe, expect, test } from "vitest";
import { checkpoint, executionId, flow, load, log, MisuseError, progress, save, sleep, wait } from "../../src/index.ts";
import { useEngines } from "../helpers/engine.ts";

const engines = useEngines();

/** The words of a wrong call, and what its error says. */
type Row = [call: string, attempt: () => unknown, words: string];

const tagRule = "tags must be an array of at most 20 texts of 1 to 100 characters";
const aDuration = 'is not a duration. Write milliseconds, or for example "90s", "15m", "2h" or "1d".';

const declaredCheckpoint = (options: unknown) => () => checkpoint("a", async () => 1, options as never);
const declaredFlow = (options: unknown) => () => flow("a", async () => 1, options as never);

describe("an option that cannot be meant is refused where it is declared", () => {
  test.each<Row>([
    [
      "retry of a checkpoint",
      declaredCheckpoint({ retry: 1 }),
      'checkpoint a: the option "retry" is unknown (retries, timeout, cache, type, guardrails)',
    ],
    [
      "options of a checkpoint that are none",
      declaredCheckpoint(null),
      "checkpoint a: the options must be an object (retries, timeout, cache, type, guardrails), not null",
    ],
    ...(["2", -1, 1.5, null, true] as const).map(
      (retries): Row => [
        `retries: ${JSON.stringify(retries)} of a checkpoint`,
        declaredCheckpoint({ retries }),
        `checkpoint a: retries must be a whole number, 0 or more; it is ${JSON.stringify(retries)}`,
      ],
    ),
    [
      "retries without max",
      declaredCheckpoint({ retries: { backoff: 1 } }),
      "checkpoint a: retries: max must be a whole number, 0 or more; it is undefined",
    ],
    [
      "backof",
      declaredCheckpoint({ retries: { max: 2, backof: 1 } }),
      'checkpoint a: retries: the option "backof" is unknown (max, backoff, maxDelay, retryOn). Did you mean "backoff"?',
    ],
    [
      'backoff: "soon"',
      declaredCheckpoint({ retries: { max: 2, backoff: "soon" } }),
      `checkpoint a: retries: backoff: "soon" ${aDuration}`,
    ],
    [
      "maxDelay: -1",
      declaredCheckpoint({ retries: { max: 2, maxDelay: -1 } }),
      `checkpoint a: retries: maxDelay: -1 ${aDuration}`,
    ],
    [
      'retryOn: "x"',
      declaredCheckpoint({ retries: { max: 2, retryOn: "x" } }),
      'checkpoint a: retries: retryOn must be a function; it is "x"',
    ],
    ...(
      [
        ["5 parsecs", '"5 parsecs"'],
        [true, "true"],
        [{}, "{}"],
        [null, "null"],
        [Number.NaN, "NaN"],
      ] as const
    ).map(
      ([timeout, shown]): Row => [
        `timeout: ${shown} of a checkpoint`,
        declaredCheckpoint({ timeout }),
        `checkpoint a: timeout: ${shown} ${aDuration}`,
      ],
    ),
    [
      "timeout: 0 of a checkpoint",
      declaredCheckpoint({ timeout: 0 }),
      'checkpoint a: timeout must be longer than nothing, for example "90s" or "2h"; it is 0',
    ],
    ["type: 5", declaredCheckpoint({ type: 5 }), "checkpoint a: type must be a text of 1 to 100 characters; it is 5"],
    ['cache: "1h"', declaredCheckpoint({ cache: "1h" }), "checkpoint a: cache must be true or false"],
    [
      "timout of a flow",
      declaredFlow({ timout: 1 }),
      'flow a: the option "timout" is unknown (input, description, retries, timeout, cache, isolate, guardrails, models). Did you mean "timeout"?',
    ],
    ["options of a flow that are none", declaredFlow("x"), "flow a: the options must be an object"],
    [
      "retries: -1 of a flow",
      declaredFlow({ retries: -1 }),
      "flow a: retries must be a whole number, 0 or more; it is -1",
    ],
    ["timeout: true of a flow", declaredFlow({ timeout: true }), `flow a: timeout: true ${aDuration}`],
    ["timeout: 0 of a flow", declaredFlow({ timeout: 0 }), "flow a: timeout must be longer than nothing"],
    ["isolate: 1", declaredFlow({ isolate: 1 }), "flow a: isolate must be true or false; it is 1"],
    ["description: 5", declaredFlow({ description: 5 }), "flow a: description must be a text; it is 5"],
    ...([5, null, [], "text"] as const).map(
      (input): Row => [
        `input: ${JSON.stringify(input)}`,
        declaredFlow({ input }),
        `flow a: input: ${JSON.stringify(input)} is no schema; pass a zod schema or a JSON Schema object`,
      ],
    ),
  ])("%s", (_, attempt, words) => {
    const error = thrownBy(attempt);
    expect(error).toBeInstanceOf(MisuseError);
    expect(String(error)).toContain(`MisuseError: ${words}`);
  });
});

const step = checkpoint("step", async (...items: unknown[]) => items);
const child = flow("child", async (n: number) => n);
const wrong = (value: unknown) => value as never;

const runs: Row[] = [
  ["run with tags: [1]", () => child.run(1, { tags: wrong([1]) }), `child.run(): ${tagRule}; tags[0] is 1`],
  ['run with tags: "x"', () => child.run(1, { tags: wrong("x") }), `child.run(): ${tagRule}; it is "x"`],
  ["run with a tag that is too long", () => child.run(1, { tags: ["fine", "y".repeat(101)] }), "tags[1] is"],
  ["run with an empty tag", () => child.run(1, { tags: [""] }), `${tagRule}; tags[0] is ""`],
  ["run with a hole for a tag", () => child.run(1, { tags: new Array(1) }), `${tagRule}; tags[0] is undefined`],
  ["run with 21 tags", () => child.run(1, { tags: Array(21).fill("x") }), `${tagRule}; it has 21`],
  [
    "run with timout",
    () => child.run(1, wrong({ timout: 1 })),
    'child.run(): the option "timout" is unknown (stack, idempotencyKey, tags, timeout, guardrails, models). Did you mean "timeout"?',
  ],
  ["run with null", () => child.run(1, wrong(null)), "child.run(): the options must be an object"],
  ["run with timeout: 0", () => child.run(1, { timeout: 0 }), "child.run(): timeout must be longer than nothing"],
  ["run with timeout: []", () => child.run(1, { timeout: wrong([]) }), `child.run(): timeout: [] ${aDuration}`],
  ["run with stack: 5", () => child.run(1, { stack: wrong(5) }), "child.run(): stack must be a text"],
];

describe("an option that cannot be meant is refused where it is given, in a flow", () => {
  test.each<Row>([
    ...runs,
    [
      "map with concurency",
      () => step.map([1], wrong({ concurency: 2 })),
      'checkpoint step.map(): the option "concurency" is unknown (concurrency). Did you mean "concurrency"?',
    ],
    [
      "map with 5",
      () => step.map([1], wrong(5)),
      "checkpoint step.map(): the options must be an object (concurrency), not 5",
    ],
    ["map with null", () => step.map([1], wrong(null)), "checkpoint step.map(): the options must be an object"],
    [
      "product with x",
      () => step.product([1], [2], wrong({ x: 1 })),
      'checkpoint step.product(): the option "x" is unknown (concurrency)',
    ],
    [
      "product of a set",
      () => step.product([1], wrong(new Set([1]))),
      "checkpoint step.product(): it takes arrays; argument 2 is {}",
    ],
    [
      "wait of a text",
      () => wait(wrong("approve")),
      'wait: the options must be an object (name, question, schema, timeout, onTimeout, metadata), not "approve"',
    ],
    [
      "wait with qestion",
      () => wait(wrong({ name: "w", qestion: "?" })),
      'wait w: the option "qestion" is unknown (name, question, schema, timeout, onTimeout, metadata). Did you mean "question"?',
    ],
    ["wait with timeout: {}", () => wait({ name: "w", timeout: wrong({}) }), `wait w: timeout: {} ${aDuration}`],
    [
      "wait with question: 5",
      () => wait({ name: "w", question: wrong(5) }),
      "wait w: the question must be a text; it is 5",
    ],
    ["wait with schema: null", () => wait({ name: "w", schema: wrong(null) }), "wait w: schema: null is no schema"],
    [
      "wait with metadata: 5",
      () => wait({ name: "w", metadata: wrong(5) }),
      "wait w: metadata must be an object; it is 5",
    ],
    [
      "wait with onTimeout: 5",
      () => wait({ name: "w", onTimeout: wrong(5) }),
      'wait w: onTimeout must be "fail" or { value: … }; it is 5',
    ],
    ["sleep of nothing", () => sleep(wrong(undefined)), `sleep: undefined ${aDuration}`],
    ["save with tags: [1]", () => save("a", 1, { tags: wrong([1]) }), `save("a"): ${tagRule}; tags[0] is 1`],
    ['save with tags: "xy"', () => save("a", 1, { tags: wrong("xy") }), `save("a"): ${tagRule}; it is "xy"`],
    [
      "save with tag",
      () => save("a", 1, wrong({ tag: "x" })),
      'save("a"): the option "tag" is unknown (kind, tags). Did you mean "tags"?',
    ],
    ["save with kind: 5", () => save("a", 1, { kind: wrong(5) }), 'save("a"): 5 is no artifact kind (prompt, '],
    ["load of no name", () => load(executionId(), wrong(undefined)), "load() takes the id of an execution and a name"],
    ["log of a text", () => log(wrong("x")), "log() takes an object of fields, for example log({ pages: 3 })"],
    [
      "progress of a text",
      () => progress(wrong("x")),
      'progress(): the options must be an object (stage, current, total), not "x"',
    ],
    [
      "progress with curent",
      () => progress(wrong({ curent: 1 })),
      'progress(): the option "curent" is unknown (stage, current, total). Did you mean "current"?',
    ],
    [
      'progress with total: "2"',
      () => progress({ total: wrong("2") }),
      'progress(): total must be a number; it is "2"',
    ],
    ["progress with stage: 1", () => progress({ stage: wrong(1) }), "progress(): stage must be a text; it is 1"],
    [
      "wait of a handle with timout",
      async () => (await child.run(1)).wait(wrong({ timout: 1 })),
      'wait() of a handle: the option "timout" is unknown (timeout). Did you mean "timeout"?',
    ],
    [
      "wait of a handle with timeout: true",
      async () => (await child.run(1)).wait({ timeout: wrong(true) }),
      `wait() of a handle: timeout: true ${aDuration}`,
    ],
  ])("%s", async (_, attempt, words) => {
    const failing = flow("failing", async () => {
      await attempt();
    });
    const t = engines.open([failing, child]);
    t.work();
    const { id } = await t.start(failing);
    expect(await t.ended(id)).toMatchObject({
      status: "failed",
      failure: { code: "misuse", message: expect.stringContaining(words) },
    });
  });
});

describe("an option that cannot be meant is refused before a script opens its project", () => {
  test.each<Row>([
    ...runs,
    ["run with an empty key", () => child.run(1, { idempotencyKey: "" }), "child.run(): idempotencyKey must be a text"],
    [
      "replay with form",
      () => child.replay("x", wrong({ form: "step" })),
      'child.replay(): the option "form" is unknown (from, overrides, input, code, reuseAnswers, idempotencyKey). Did you mean "from"?',
    ],
    [
      "replay with from: 5",
      () => child.replay("x", { from: wrong(5) }),
      "child.replay(): from must be a checkpoint's name",
    ],
    [
      "replay with overrides: 5",
      () => child.replay("x", { overrides: wrong(5) }),
      "child.replay(): overrides must be an object",
    ],
    [
      'replay with code: "new"',
      () => child.replay("x", { code: wrong("new") }),
      'code must be "original" or "current"; it is "new"',
    ],
    [
      "replay with reuseAnswers: 1",
      () => child.replay("x", { reuseAnswers: wrong(1) }),
      "reuseAnswers must be true or false; it is 1",
    ],
  ])("%s", async (_, attempt, words) => {
    const error: unknown = await Promise.resolve()
      .then(attempt)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MisuseError);
    expect(String(error)).toContain(words);
  });
});

test("what is meant goes through", async () => {
  const patient = checkpoint("patient", async (n: number) => n, {
    retries: { max: 1, backoff: 0, maxDelay: "1m", retryOn: () => true },
    timeout: "1h",
    type: "tool_call",
  });
  const fine = flow("fine", async () => {
    await save("report", 1, { kind: "blob", tags: ["a"] });
    progress({ stage: "one", current: 0.5, total: 1 });
    const handle = await child.run(1, { tags: ["b"], timeout: "1h" });
    return [await patient.map([1], {}), await patient.product([2]), await handle.wait({ timeout: "1h" })];
  });
  const t = engines.open([fine, child]);
  t.work();
  expect(await t.run(fine)).toEqual([[1], [2], "completed"]);
});

function thrownBy(attempt: () => unknown): unknown {
  try {
    return attempt();
  } catch (error) {
    return error;
  }
}
