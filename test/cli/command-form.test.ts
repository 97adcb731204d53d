import { expect, test } from "vitest";
import { commandOf, derivedCommandOf, inCommandForm } from "../../src/cli/command-form.ts";

const id = "0199a3f2-7c1b-7def-8abc-000000000001";

test.each([
  ["executions_get", { execution_id: id, wait_seconds: 30 }, "savepoint show 0199a3f2-7c1b --wait 30"],
  ["executions_run", { target: "a.ts:b", input: { x: "it's" } }, `savepoint run a.ts:b --input '{"x":"it'\\''s"}'`],
  [
    "executions_input",
    { execution_id: id, wait: "approve", value: true },
    "savepoint answer 0199a3f2-7c1b true --name approve",
  ],
  ["executions_input", { execution_id: id, value: "5" }, `savepoint answer 0199a3f2-7c1b '"5"'`],
  [
    "executions_replay",
    { execution_id: id, overrides: { "checkpoint.a": 1 }, dry_run: true },
    "savepoint replay 0199a3f2-7c1b --set checkpoint.a=1 --dry-run",
  ],
  ["executions_list", { tags: ["a", "b"] }, "savepoint list --tags a --tags b"],
  ["artifacts_list", { execution_id: id }, "savepoint artifacts list --execution-id 0199a3f2-7c1b"],
])("%s %o is a command", (operation, args, command) => {
  expect(commandOf(operation, args)).toBe(command);
});

test("examples of derived commands give the first required argument by its place", () => {
  expect(derivedCommandOf("executions_abort_wait", { execution_id: "0199a3f2", wait: "a" }, ["execution_id"])).toBe(
    "savepoint executions abort-wait 0199a3f2 --wait a",
  );
});

test("operations in a text are written as commands, with and without arguments", () => {
  const text = `See executions_logs {"execution_id":"0199a3f2"}, then executions_replay. The field next_cursor stays.`;
  expect(inCommandForm(text)).toBe(
    "See `savepoint logs 0199a3f2`, then `savepoint replay`. The field next_cursor stays.",
  );
});
