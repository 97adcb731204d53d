import { expect, test } from "vitest";
import { flagsOf } from "../../src/cli/flags.ts";
import { inTypedWords } from "../../src/cli/problems.ts";
import { UserError } from "../../src/core/errors.ts";
import { executionsInput } from "../../src/tools/executions-input.ts";

test.each([
  [{}, "Say which one with --wait."],
  [{ wait: "name" }, "Say which one with --name."],
])("a field that a hint names is named by its flag (renamed: %j)", (renamed, hint) => {
  const spoken = { flags: flagsOf(executionsInput, renamed), positionals: [], usage: "savepoint answer", example: "" };
  const error = new UserError("ambiguous", "several waits are pending", { hint: "Say which one with wait." });
  expect(inTypedWords(error, spoken)).toMatchObject({ message: "several waits are pending", hint });
});

test("fields that are to be passed are named by their flags, and never by the words of the tool", () => {
  const flags = flagsOf(executionsInput, { wait: "name" });
  const spoken = { flags, positionals: ["value"], usage: "savepoint answer", example: "" };
  const error = new UserError("invalid_input", "wait: an early answer must name the wait that it is for", {
    hint: "Pass wait with the name that the flow gives it, or pass wait and early: true.",
  });
  expect(inTypedWords(error, spoken)).toMatchObject({
    message: "--name: an early answer must name the wait that it is for",
    hint: "Pass --name with the name that the flow gives it, or pass --name and --early.",
  });
});
