import { describe, expect, it } from "vitest";
import { parseTarget, type Target } from "../../src/code/targets.ts";
import { UserError } from "../../src/core/errors.ts";

const cases: [string, Target][] = [
  ["flows/review.ts:review", { kind: "file", path: "flows/review.ts", flow: "review" }],
  ["flows/review.ts", { kind: "file", path: "flows/review.ts", flow: undefined }],
  [" flows/review.ts : review ", { kind: "file", path: "flows/review.ts", flow: "review" }],
  ["flows/a:b.ts:review", { kind: "file", path: "flows/a:b.ts", flow: "review" }],
  ["C:\\flows\\x.ts:review", { kind: "file", path: "C:\\flows\\x.ts", flow: "review" }],
  ["C:\\flows\\x.ts", { kind: "file", path: "C:\\flows\\x.ts", flow: undefined }],
  ["c:/flows/x.ts", { kind: "file", path: "c:/flows/x.ts", flow: undefined }],
  ["../x.ts:a", { kind: "file", path: "../x.ts", flow: "a" }],
  ["./x:a", { kind: "file", path: "./x", flow: "a" }],
  ["notes.md", { kind: "file", path: "notes.md", flow: undefined }],
  ["tool.py:main", { kind: "file", path: "tool.py", flow: "main" }],
  ["flows/", { kind: "file", path: "flows/", flow: undefined }],
  ["review", { kind: "name", name: "review" }],
  ["daily.report", { kind: "name", name: "daily.report" }],
  ["team/flows:daily", { kind: "package", specifier: "team/flows", flow: "daily" }],
  ["@team/flows/daily:daily", { kind: "package", specifier: "@team/flows/daily", flow: "daily" }],
];

describe("parseTarget", () => {
  it.each(cases)("reads %j", (text, target) => {
    expect(parseTarget(text)).toEqual(target);
  });

  it.each([
    ["", "is empty"],
    ["  ", "is empty"],
    ["flows/x.ts:", "names no flow"],
    ["flows/x.ts:  ", "names no flow"],
    [":review", "names no file"],
    ["flows/x\0.ts:a", "control characters"],
    ["file:///flows/x.ts:a", "is a URL"],
    ["x".repeat(5_000), "5000 characters long"],
  ])("refuses %j with a hint", (text, words) => {
    const error = thrownBy(() => parseTarget(text));
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("path/to/file.ts:flow") });
    expect((error as Error).message).toContain(words);
    expect((error as Error).message.length).toBeLessThan(250);
  });
});

it("says of two flows after a file that there is one colon too many", () => {
  expect(thrownBy(() => parseTarget("flows/shapes.ts:par:par"))).toMatchObject({
    code: "invalid_input",
    message: 'The target "flows/shapes.ts:par:par" has one colon too many',
    hint: expect.stringContaining('"flows/shapes.ts:par"'),
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
