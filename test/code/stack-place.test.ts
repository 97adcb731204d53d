import { describe, expect, it } from "vitest";
import { placeInHeader, placeInStack } from "../../src/code/stack-place.ts";

const project = {
  root: "/home/me/savepoint",
  versionsFolder: "/home/me/savepoint/.savepoint/versions",
  savepointEntry: new URL("file:///home/me/savepoint/src/index.ts"),
};

describe("a place in the author's files", () => {
  it("is the innermost frame that is neither a package nor Savepoint, nor the bundle", () => {
    const stack = [
      "TypeError: bad (really:1:2)",
      "    at requireName (/home/me/savepoint/src/flows/scope.ts:10:3)",
      "    at helper (/home/me/savepoint/node_modules/pkg/index.js:1:1)",
      "    at file:///home/me/savepoint/.savepoint/versions/abc.mjs:7:7",
      "    at node:internal/modules/run_main:1:2",
      "    at async Promise.all (index 0)",
      "    at new Thing (file:///home/me/savepoint/examples/a%20b/(x).ts:12:34)",
      "    at file:///home/me/savepoint/examples/outer.ts:5:6",
    ].join("\n");
    expect(placeInStack(project, stack)).toEqual({ file: "examples/a b/(x).ts", line: 12, column: 34 });
    expect(placeInStack(project, "Error: none\n    at node:internal/x:1:1")).toBeUndefined();
  });

  it("is the caret above the stack of an error of linking", () => {
    const stack =
      "/home/me/savepoint/flows/x.ts:3\nimport { a } from 'b';\n         ^\nSyntaxError: no\n    at node:x:1:1";
    expect(placeInHeader(project, stack)).toEqual({ file: "flows/x.ts", line: 3, column: 10 });
    expect(placeInHeader(project, "Error: no\n    at x")).toBeUndefined();
  });
});
