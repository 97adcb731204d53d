import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flowFile, type List, nested, reviewFlow, ToolProject } from "./project.ts";

let project: ToolProject;
beforeAll(() => {
  project = new ToolProject({
    "flows/review.ts": reviewFlow,
    "flows/sum.ts": flowFile(`
const add = checkpoint("add", async (a: number, b: number) => a + b);
export const sum = flow("sum", async ({ a, b }: { a: number; b: number }) => await add(a, b), {
  input: { type: "object", required: ["a", "b"], properties: { a: { type: "number" }, b: { type: "number" } } },
});
export const anything = flow("anything", async (input: unknown) => ({ input }));
export const napper = flow("napper", async () => { await sleep("1h"); });
export const limited = flow("limited", async () => { await wait({ name: "go" }); }, { timeout: "1d" });
export const busy = flow("busy", async () => {
  const slow = checkpoint("slow", () => new Promise<number>((resolve) => setTimeout(() => resolve(1), 1_500)));
  await Promise.all([slow(), wait({ name: "go" })]);
});
`),
    "lib/broken.ts": "export const flow = (;\n",
    "lib/thrower.ts": `import "savepoint";\nthrow new Error("no database at hand");\n`,
    "lib/missing.ts": `import { gone } from "./gone.ts";\nimport "not-installed-at-all";\nexport const x = gone;\n`,
  });
});
afterAll(() => project.close());

const queued = async () => (await project.call<List<unknown>>("executions_list", {})).total;

describe("executions_run", () => {
  test("answers a finished execution with its result", async () => {
    const execution = await project.call("executions_run", { target: "sum", input: { a: 2, b: 3 } });
    expect(execution).toMatchObject({
      workflow: "sum",
      target: "flows/sum.ts:sum",
      status: "completed",
      trigger: "api",
      stack: "local",
      attempt: 1,
      result: 5,
      failure: null,
      blocked_reason: null,
      overdue: null,
      replayed_from: null,
      parent_execution_id: null,
      pending_waits: [],
      counts: { checkpoints: 1, completed: 1, failed: 0, running: 0, artifacts: 0 },
      usage: { requests: 0, input_tokens: 0, output_tokens: 0, tool_calls: 0, cost_usd: 0 },
      checkpoints: [{ selector: "add", status: "completed", origin: "executed" }],
    });
    expect(execution.version).toMatch(/^[0-9a-f]{64}$/);
    expect(Date.parse(execution.ended_at ?? "")).toBeGreaterThanOrEqual(Date.parse(execution.created_at));
    expect(execution.next).toContain("completed");
  });

  test("answers as soon as it asks something, with an answer to copy", async () => {
    const started = performance.now();
    const execution = await project.call("executions_run", {
      target: "review",
      input: { topic: "otters" },
      wait_seconds: 20,
    });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(execution.status).toBe("waiting");
    expect(execution.metadata).toEqual({ topic: "otters" });
    expect(execution.pending_waits).toEqual([
      {
        wait_id: expect.stringContaining(`${execution.execution_id}:`),
        name: "approve",
        question: "Publish it?",
        schema: { type: "boolean" },
        metadata: null,
        asked_at: expect.any(String),
        expires_at: null,
        refused_answer: null,
      },
    ]);
    expect(execution.next).toContain(`executions_input {"execution_id":"${execution.execution_id}","value":true}`);
  });

  test("answers while the rest still runs when one branch asks", async () => {
    const execution = await project.call("executions_run", { target: "busy", wait_seconds: 10 });
    expect(execution).toMatchObject({ status: "running", pending_waits: [{ name: "go" }], counts: { running: 1 } });
    expect(execution.next).toContain("still runs");
  });

  test("answers at once with wait_seconds 0, and later shows the rest", async () => {
    const execution = await project.call("executions_run", { target: "sum", input: { a: 1, b: 1 }, wait_seconds: 0 });
    expect(["queued", "running"]).toContain(execution.status);
    expect(execution.next).toContain(`executions_get {"execution_id":"${execution.execution_id}","wait_seconds":30}`);
    const later = await project.call("executions_get", { execution_id: execution.execution_id, wait_seconds: 10 });
    expect(later).toMatchObject({ status: "completed", result: 2 });
  });

  test("does not wait for a sleep that is longer than the call", async () => {
    const started = performance.now();
    const execution = await project.call("executions_run", { target: "napper", wait_seconds: 30 });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(execution.status).toBe("waiting");
    expect(execution.next).toMatch(/^It sleeps until 20/);
  });

  test("keeps the labels, the limit and the path that was meant", async () => {
    const args = { target: "./flows/sum.ts:limited", tags: ["a", "b"], timeout: "2h" };
    const { execution_id: id } = await project.call("executions_run", args);
    const execution = (await project.app()).findExecution(id);
    expect(execution).toMatchObject({ target: "flows/sum.ts:limited", tags: ["a", "b"], timeoutMs: 7_200_000 });
    const own = await project.call("executions_run", { target: "limited" });
    expect((await project.app()).findExecution(own.execution_id).timeoutMs).toBe(86_400_000);
    const seconds = await project.call("executions_run", { target: "limited", timeout: 90 });
    expect((await project.app()).findExecution(seconds.execution_id).timeoutMs).toBe(90_000);
  });

  test("answers one key with one execution, and refuses it for another request", async () => {
    const args = { target: "anything", input: { order: 7 }, idempotency_key: "order-7" };
    const first = await project.call("executions_run", args);
    const second = await project.call("executions_run", args);
    expect(second.execution_id).toBe(first.execution_id);
    const error = await project.error("executions_run", { ...args, input: { order: 8 } });
    expect(error).toMatchObject({ code: "conflict", details: { execution_id: first.execution_id } });
  });

  test.each([[null], ["text"], [[1, 2]], [0], [false], [{ deep: { list: [null] } }]])(
    "passes the input %j as it is",
    async (input) => {
      const execution = await project.call("executions_run", { target: "anything", input });
      expect(execution.result).toEqual({ input });
    },
  );
});

describe("executions_run queues nothing and says what to do", () => {
  const refusals: [string, Record<string, unknown>, { code: string; message: RegExp; hint: RegExp }][] = [
    [
      "an unknown argument",
      { traget: "review" },
      {
        code: "invalid_input",
        message: /target is missing; the argument "traget" is unknown/,
        hint: /Did you mean "target"/,
      },
    ],
    [
      "an argument of the wrong type",
      { target: 5 },
      { code: "invalid_input", message: /target must be a string; it is 5/, hint: /Example: executions_run/ },
    ],
    [
      "a wait that is too long",
      { target: "sum", wait_seconds: 60 },
      {
        code: "invalid_input",
        message: /wait_seconds must be 45 or less/,
        hint: /executions_run takes target \(required\), input, wait_seconds,/,
      },
    ],
    [
      "a target that does not exist",
      { target: "revew" },
      { code: "not_found", message: /no workflow named "revew"/, hint: /Did you mean "review"/ },
    ],
    [
      "a file that does not exist",
      { target: "flows/reviw.ts:review" },
      { code: "not_found", message: /no file/, hint: /flows\/review\.ts:review/ },
    ],
    [
      "a flow that the file does not have",
      { target: "flows/review.ts:revew" },
      { code: "not_found", message: /has no flow "revew"/, hint: /flows\/review\.ts:review/ },
    ],
    [
      "a file outside the project",
      { target: "../secrets.ts:x" },
      { code: "forbidden", message: /outside the project/, hint: /inside the project/ },
    ],
    [
      "a file that does not parse",
      { target: "lib/broken.ts:flow" },
      { code: "invalid_input", message: /lib\/broken\.ts:1:\d+/, hint: /Correct the file/ },
    ],
    [
      "an import that is missing",
      { target: "lib/missing.ts:x" },
      { code: "invalid_input", message: /lib\/missing\.ts:\d+:\d+: .*(gone|not-installed)/, hint: /./ },
    ],
    [
      "a file that throws when it is loaded",
      { target: "lib/thrower.ts:x" },
      { code: "invalid_input", message: /lib\/thrower\.ts:2:\d+: .*no database at hand/, hint: /top level/ },
    ],
    [
      "a file with several flows and no name",
      { target: "flows/sum.ts" },
      { code: "ambiguous", message: /holds 5 flows/, hint: /flows\/sum\.ts:anything/ },
    ],
    [
      "a missing input",
      { target: "review" },
      {
        code: "invalid_input",
        message: /input: it is missing/,
        hint: /"input":\{"topic":"…"\}\}\. Nothing was started/,
      },
    ],
    [
      "an input without a field",
      { target: "review", input: {} },
      { code: "invalid_input", message: /the field "topic" is missing/, hint: /"topic"/ },
    ],
    [
      "an input with a mistyped field",
      { target: "review", input: { topc: "x" } },
      { code: "invalid_input", message: /"topc" is unknown/, hint: /Did you mean "topic" instead of "topc"/ },
    ],
    [
      "an input field of the wrong type",
      { target: "review", input: { topic: 7 } },
      { code: "invalid_input", message: /topic: must be string/, hint: /Example: executions_run/ },
    ],
    [
      "an input that is JSON in a string",
      { target: "review", input: '{"topic":"x"}' },
      { code: "invalid_input", message: /input: must be object/, hint: /pass the JSON itself/ },
    ],
    [
      "an input that is nested too deeply",
      { target: "napper", input: nested(5_000) },
      { code: "invalid_input", message: /^input.{0,250}nested deeper than 500 levels/, hint: /flatter/ },
    ],
    [
      "an unknown stack",
      { target: "napper", stack: "locl" },
      { code: "not_found", message: /no stack "locl"/, hint: /Did you mean "local"/ },
    ],
    [
      "a limit that is none",
      { target: "napper", timeout: "soon" },
      { code: "invalid_input", message: /timeout: "soon" is not a duration/, hint: /"90s"/ },
    ],
    [
      "a limit of nothing",
      { target: "napper", timeout: 0 },
      { code: "invalid_input", message: /timeout: it must be longer/, hint: /2h/ },
    ],
  ];

  test.each(refusals)("for %s", async (_, args, expected) => {
    const before = await queued();
    const error = await project.error("executions_run", args);
    expect(error.code).toBe(expected.code);
    expect(error.message).toMatch(expected.message);
    expect(error.hint).toMatch(expected.hint);
    expect(JSON.stringify(error)).not.toContain(project.root);
    expect(await queued()).toBe(before);
  });

  test("for a flow whose name is none, at its place and with no advice on loading", async () => {
    project.write("flows/misnamed.ts", flowFile('export const bad = flow("my flow", async () => 1);'));
    const error = await project.error("executions_run", { target: "flows/misnamed.ts:bad" });
    expect(error.message).toMatch(/^flows\/misnamed\.ts:3:\d+: "my flow" is no name for a flow: begin with a letter/);
    expect(error.hint).not.toContain("top level");
    rmSync(join(project.root, "flows/misnamed.ts"));
  });

  test("with the fields, the problems and the schema for an input that does not fit", async () => {
    const { details } = await project.error("executions_run", { target: "review", input: { tone: "loud" } });
    expect(details).toMatchObject({
      fields: ["topic", "tone"],
      problems: ['the field "topic" is missing', 'tone: must be one of ["dry","warm"]'],
      schema: { required: ["topic"] },
    });
  });
});

test("a call that its caller gives up ends, and the execution goes on", async () => {
  const waiting = project.call(
    "executions_run",
    { target: "busy", wait_seconds: 30 },
    { signal: AbortSignal.timeout(50) },
  );
  const started = performance.now();
  const execution = await waiting;
  expect(performance.now() - started).toBeLessThan(1_500);
  await project.call("executions_input", {
    execution_id: execution.execution_id,
    wait: "go",
    value: null,
    early: true,
  });
  const ended = await project.call("executions_get", { execution_id: execution.execution_id, wait_seconds: 10 });
  expect(ended.status).toBe("completed");
});

test("progress is told while a call waits, and rises", async () => {
  const reports: { completed: number; message: string }[] = [];
  await project.call(
    "executions_run",
    { target: "review", input: { topic: "x" } },
    { progress: (report) => reports.push(report) },
  );
  expect(reports.map(({ completed }) => completed)).toEqual([0, 1]);
  expect(reports[1]?.message).toMatch(/^1 checkpoint completed, /);
});
