import { afterEach, beforeEach, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { nested, ToolProject } from "./project.ts";

let project: ToolProject;
beforeEach(() => {
  project = new ToolProject();
});
afterEach(() => project.close());

/** The app, with a listing that throws. */
async function failing(error: unknown): Promise<App> {
  const app = await project.app();
  const executions = () => Promise.reject(error);
  return { ...app, listings: { ...app.listings, executions } };
}

test("an unknown operation is answered with the nearest one", async () => {
  const error = await project.error("executions_lst", {});
  expect(error).toMatchObject({ code: "not_found", message: 'there is no operation "executions_lst"' });
  expect(error.hint).toContain("executions_list");
  expect((await project.error("nothing_like_it_at_all_here", {})).hint).toContain("There are: executions_run");
});

test.each([[null], ["text"], [[1]], [7]])("arguments that are %j and no object are refused", async (args) => {
  const outcome = await project.outcome("status", args);
  if (args === null) expect(outcome.ok).toBe(true);
  else
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: "invalid_input", message: "status: the arguments must be an object" },
    });
});

test("arguments that are left out are an empty object", async () => {
  expect(await project.outcome("status", undefined)).toMatchObject({ ok: true });
});

test("every problem of the arguments is told at once, with the ones that were meant", async () => {
  const error = await project.error("executions_get", { execution: "x", wait_second: 1, detail: 5 });
  expect(error).toEqual({
    code: "invalid_input",
    message:
      'executions_get: execution_id is missing; detail must be "concise" or "full"; it is 5; the argument "execution" is unknown; the argument "wait_second" is unknown',
    hint:
      'Did you mean "execution_id" instead of "execution"? Did you mean "wait_seconds" instead of "wait_second"? ' +
      'executions_get takes execution_id (required), wait_seconds, detail. Example: executions_get {"execution_id":"0199a3f2","wait_seconds":30}',
    details: {
      problems: [
        "execution_id is missing",
        'detail must be "concise" or "full"; it is 5',
        'the argument "execution" is unknown',
        'the argument "wait_second" is unknown',
      ],
      arguments: ["execution_id", "wait_seconds", "detail"],
    },
  });
});

test.each([
  ["maxTokens", "max_tokens"],
  ["max_token", "max_tokens"],
  ["on_exceeded", "on_exceed"],
])("a field %s within an argument is told with the one that was meant, and with all there are", async (key, meant) => {
  const error = await project.error("executions_run", { target: "x", guardrails: { [key]: 1 } });
  expect(error.details?.["problems"]).toEqual([
    `guardrails has no field "${key}" (did you mean "${meant}"?); it takes max_requests, max_tokens, max_tool_calls, max_turns, max_cost_usd, max_time, on_exceed`,
  ]);
});

test("a name that cannot be used is told as a whole sentence, also among its problems", async () => {
  const error = await project.error("executions_run", { target: "x", models: JSON.parse('{"__proto__":"y"}') });
  expect(error.details?.["problems"]).toEqual(["models.__proto__ is a name that cannot be used"]);
});

test("limits are told in plain words", async () => {
  const error = await project.error("executions_list", {
    workflow: "",
    limit: 1.5,
    tags: Array(21).fill("x"),
    cursor: 1,
  });
  expect(error.details?.["problems"]).toEqual([
    'workflow must not be empty; it is ""',
    `tags must have at most 20 items; it is ${JSON.stringify(Array(21).fill("x"))}`,
    "limit must be a whole number; it is 1.5",
    "cursor must be a string; it is 1",
  ]);
  expect((await project.error("executions_list", { limit: 0 })).message).toContain("limit must be 1 or more; it is 0");
});

test("a value that is nested too deeply to be shown is refused like any other", async () => {
  const error = await project.error("executions_list", { workflow: nested(50_000) });
  expect(error.details?.["problems"]).toEqual(["workflow must be a string; it is too deeply nested to be shown"]);
});

test("a bug is answered with a reference, and logged with what happened", async () => {
  project.use(await failing(new TypeError(`cannot read /etc/passwd in ${project.root}`)));
  const error = await project.error("executions_list", {});
  expect(error).toMatchObject({ code: "internal", details: { reference: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
  expect(JSON.stringify(error)).not.toMatch(/passwd|TypeError/);
  expect(project.problems).toEqual([
    `internal error ${error.details?.["reference"]}: cannot read /etc/passwd in ${project.root}`,
  ]);
});

test("an answer that its own schema does not allow is a bug", async () => {
  const app = await project.app();
  project.use({ ...app, listings: { ...app.listings, schemaNumber: () => "one" as unknown as number } });
  expect(await project.error("status", {})).toMatchObject({ code: "internal" });
  expect(project.problems[0]).toContain("status answered what its schema does not allow");
});

test.each([
  [Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" }), "database_busy"],
  [Object.assign(new Error("full"), { code: "SQLITE_FULL" }), "disk_full"],
  [Object.assign(new Error("ro"), { code: "SQLITE_READONLY_DBMOVED" }), "read_only"],
  [
    Object.assign(new Error("x"), { name: "StoreError", reason: "disk_full: the disk that holds the project is full" }),
    "disk_full",
  ],
])("trouble of the store is told as such: %s", async (thrown, reason) => {
  project.use(await failing(thrown));
  const error = await project.error("executions_list", {});
  expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining(reason) });
  expect(error.hint).toContain("status");
});

test("other failures of the store are bugs", async () => {
  project.use(
    await failing(
      Object.assign(new Error("no such column"), { name: "StoreError", reason: "store_error: no such column" }),
    ),
  );
  expect(await project.error("executions_list", {})).toMatchObject({ code: "internal" });
});
