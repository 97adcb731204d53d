import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { flowFile, installed, makeProject, runInProcess } from "./project.ts";

describe("loading a version", () => {
  it("gives the flow object, the same one every time, by its export and by its own name", async () => {
    const { root } = await makeProject({
      "flows/x.ts": 'import { flow } from "savepoint";\nexport const x = flow("own", async () => 5);',
    });
    const results = await runInProcess(root, [{ run: "x" }, { load: "own" }, { load: "x" }, { load: "other" }]);
    expect(results.slice(0, 3)).toEqual([{ value: 5 }, { value: 5, same: true }, { value: 5, same: true }]);
    expect(results[3]).toMatchObject({ code: "not_found", details: { flows: ["own"] } });
  });

  it("keeps the version that was resolved, though the file is edited or deleted", async () => {
    const { root } = await makeProject({ "flows/x.ts": flowFile("x", 'return "old";') });
    const edited = { "flows/x.ts": flowFile("x", 'return "new";') };
    const results = await runInProcess(root, [
      { resolve: "x" },
      { write: edited },
      { load: "x" },
      { remove: "flows" },
      { load: "x" },
    ]);
    expect(results[2]).toEqual({ value: "old" });
    expect(results[4]).toEqual({ value: "old", same: true });
  });

  it("makes stacks point to the author's lines", async () => {
    const { root } = await makeProject({
      "lib/fail.ts":
        "type Unused = string;\n\nexport const fail = (): never => {\n  throw new RangeError('deep');\n};\n",
      "flows/x.ts": `import { fail } from "../lib/fail.ts";\n\n${flowFile("x", "fail();")}`,
    });
    const [result] = await runInProcess(root, [{ run: "x" }]);
    expect(result).toMatchObject({ name: "RangeError", message: "deep" });
    expect(result?.stack).toMatch(/lib\/fail\.ts:4:9\)?\n.*flows\/x\.ts:4:42/);
    expect(result?.stack).not.toContain(".savepoint/versions");
  });

  it("resolves packages from the folder of the source, per file where copies differ", async () => {
    const { root, code } = await makeProject({
      ...installed("pkg", "1.0.0"),
      ...prefixed("flows/deep", installed("pkg", "2.0.0")),
      ...prefixed("lib", installed("pkg", "3.0.0")),
      ...prefixed("lib", installed("only", "4.0.0")),
      "lib/util.ts":
        'import { version } from "pkg";\nimport { version as only } from "only";\nexport const util = [version, only];',
      "lib/old.cjs": 'module.exports = { old: require("only").version };',
      "flows/deep/x.ts": `import { version } from "pkg";\nimport { util } from "../../lib/util.ts";\nimport old from "../../lib/old.cjs";\n${flowFile("x", 'return [version, ...util, old.old, (await import("pkg")).version, import.meta.resolve("pkg")];')}`,
    });
    const { version } = await code.resolve("x");
    expect(version.dependencies).toEqual({ pkg: "2.0.0", "lib!pkg": "3.0.0", "lib!only": "4.0.0" });
    const [result] = await runInProcess(root, [{ run: "x" }]);
    expect(result).toEqual({
      value: [
        "2.0.0",
        "3.0.0",
        "4.0.0",
        "4.0.0",
        "2.0.0",
        pathToFileURL(join(root, "flows/deep/node_modules/pkg/index.js")).href,
      ],
    });
  });

  it("lends zod of the running installation to a project without it, and takes the project's own", async () => {
    const text = `import { z } from "zod";\n${flowFile("x", "return typeof z === 'string' ? z : typeof z.object;")}`;
    const { root, code, write } = await makeProject({ "flows/x.ts": text });
    expect((await code.resolve("x")).version.dependencies).toEqual({ zod: expect.stringMatching(/^4\./) });
    expect(await runInProcess(root, [{ run: "x" }])).toEqual([{ value: "function" }]);
    await write(installed("zod", "0.1.0", 'export const z = "own";'));
    expect((await code.resolve("x")).version.dependencies).toEqual({ zod: "0.1.0" });
    expect(await runInProcess(root, [{ run: "x" }])).toEqual([{ value: "own" }]);
  });

  it("gives the running installation to everyone who imports savepoint, whatever the project has installed", async () => {
    const { root } = await makeProject({
      ...installed("savepoint", "0.0.1", "export const flow = () => { throw new Error('the wrong one'); };"),
      ...installed("helpers", "1.0.0", 'export * as inner from "savepoint";'),
      ...installed("old", "1.0.0", ""),
      "node_modules/old/package.json": '{ "name": "old", "version": "1.0.0" }',
      "node_modules/old/index.js": 'exports.third = require("savepoint");',
      "flows/x.ts": `import * as outer from "savepoint";\nimport { inner } from "helpers";\nimport { third } from "old";\nimport manifest from "savepoint/package.json" with { type: "json" };\n${flowFile("x", "return [outer.flow === inner.flow, outer.flow === third.flow, manifest.name, manifest.version];")}`,
    });
    expect(await runInProcess(root, [{ run: "x" }])).toEqual([
      { value: [true, true, "savepoint", expect.not.stringMatching("0.0.1")] },
    ]);
  });

  it("says so when a package is gone, and goes on once it is back", async () => {
    const { root } = await makeProject({
      ...installed("pkg", "1.0.0"),
      "flows/x.ts": `import { version } from "pkg";\n${flowFile("x", "return version;")}`,
    });
    const [, , error, gone, , back, changed] = await runInProcess(root, [
      { resolve: "x" },
      { remove: "node_modules" },
      { load: "x" },
      { changes: true },
      { write: installed("pkg", "1.1.0") },
      { load: "x" },
      { changes: true },
    ]);
    expect(error).toMatchObject({
      code: "unavailable",
      message: "flows/x.ts cannot be loaded: Cannot find package 'pkg' imported from flows/x.ts",
      hint: "Run `npm install pkg` in the project.",
      details: { package: "pkg" },
    });
    expect(gone).toEqual({ pkg: { was: "1.0.0", now: null } });
    expect(back).toEqual({ value: "1.1.0" });
    expect(changed).toEqual({ pkg: { was: "1.0.0", now: "1.1.0" } });
  });

  it("passes on what the top level throws", async () => {
    const { root } = await makeProject({
      "flows/x.ts": `if (process.argv[2]?.includes("steps")) throw new RangeError("only in the worker");\n${flowFile("x")}`,
    });
    const [result] = await runInProcess(root, [{ run: "x" }]);
    expect(result).toMatchObject({ name: "RangeError", message: "only in the worker" });
    expect(result?.stack).toMatch(/flows\/x\.ts:1:\d+/);
  });
});

describe("the real authoring API", () => {
  it("is described from the running installation", async () => {
    const { open } = await makeProject({
      "flows/x.ts": `
        import { checkpoint, flow } from "savepoint";
        import { z } from "zod";
        const draft = checkpoint("draft", async (topic: string) => topic);
        export const x = flow("x", async ({ topic }: { topic: string }) => draft(topic), { input: z.strictObject({ topic: z.string() }), retries: 1 });`,
    });
    const code = open({ savepointEntry: new URL("../../src/index.ts", import.meta.url) });
    const { flow, version } = await code.resolve("x");
    expect(flow.inputSchema).toMatchObject({ type: "object", required: ["topic"], additionalProperties: false });
    expect(flow.options.retries).toBe(1);
    expect(version.checkpoints).toEqual(["draft"]);
  });
});

function prefixed(folder: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}
