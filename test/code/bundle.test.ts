import { cp, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { flowFile, installed, makeProject, runInProcess, temporaryFolder, userError, writeFiles } from "./project.ts";

describe("the hash of a version", () => {
  it("is the same for the same project in another folder", async () => {
    const files = {
      ...installed("pkg", "1.2.3"),
      "lib/util.ts": "export const here = import.meta.url;",
      "flows/a.ts": `import { version } from "pkg";\nimport { here } from "../lib/util";\n${flowFile("a", "return [version, here, import.meta.dirname];")}`,
    };
    const one = await makeProject(files);
    const other = await makeProject({});
    await cp(one.root, other.root, { recursive: true });
    const [first, second] = [await one.code.resolve("a"), await other.code.resolve("a")];
    expect(first.version).toEqual(second.version);
    const bytes = await readFile(join(one.root, `.savepoint/versions/${first.version.hash}.mjs`), "utf8");
    const map = await readFile(join(one.root, `.savepoint/versions/${first.version.hash}.mjs.map`), "utf8");
    expect(bytes + map).not.toContain(one.root);
  });

  it("changes with the code, with an imported file and with the version of a package, not with a comment", async () => {
    const { code, write } = await makeProject({
      ...installed("pkg", "1.0.0"),
      "flows/a.ts": `import { version } from "pkg";\nimport { x } from "./x.ts";\n${flowFile("a", "return [version, x];")}`,
      "flows/x.ts": "export const x = 1;",
    });
    const hashes = [(await code.resolve("a")).version.hash];
    await write({ "flows/x.ts": "// a comment\nexport const x: number = 1;" });
    expect((await code.resolve("a")).version.hash).toBe(hashes[0]);
    await write({ "flows/x.ts": "export const x = 2;" });
    hashes.push((await code.resolve("a")).version.hash);
    await write(installed("pkg", "1.0.1"));
    const { version } = await code.resolve("a");
    expect(version.dependencies).toEqual({ pkg: "1.0.1" });
    expect(new Set([...hashes, version.hash]).size).toBe(3);
  });
});

describe("a bundle", () => {
  it("takes in local files however they are written, and leaves packages and builtins outside", async () => {
    const { root, code } = await makeProject({
      ...installed("pkg", "1.0.0"),
      "package.json": '{ "type": "module", "imports": { "#sub": "./lib/sub.ts" } }',
      "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }',
      "lib/one.ts": "export const one = 1;",
      "lib/two.ts": "export const two = 2;",
      "lib/three.mts": "export const three = 3;",
      "lib/sub.ts": "export const sub = 4;",
      "lib/alias.ts": "export const alias = 5;",
      "lib/data.json": '{ "six": 6 }',
      "lib/old.cjs": 'const { sep } = require("node:path"); module.exports = { seven: 7, sep, dir: __dirname };',
      "flows/a.ts": `
        import { existsSync } from "fs";
        import { one } from "../lib/one.js";
        import { two } from "../lib/two";
        import { three } from "../lib/three.mjs";
        import { sub } from "#sub";
        import { alias } from "@/alias.ts";
        import data from "../lib/data.json" with { type: "json" };
        import old from "../lib/old.cjs";
        import { version } from "pkg";
        import { flow } from "savepoint";
        const require = () => "my own";
        export const a = flow("a", async () => [one, two, three, sub, alias, data.six, old.seven, old.dir, version, existsSync("/"), require()]);`,
    });
    expect((await code.resolve("a")).version.dependencies).toEqual({ pkg: "1.0.0" });
    const [result] = await runInProcess(root, [{ run: "a" }]);
    expect(result).toEqual({ value: [1, 2, 3, 4, 5, 6, 7, join(root, "lib"), "1.0.0", true, "my own"] });
  });

  it("keeps import.meta of every file meaning that file, text in strings untouched", async () => {
    const { root } = await makeProject({
      "lib/hash#bang.ts":
        '#!/usr/bin/env node\nexport const other = { ...import.meta, text: "import.meta.url", again: import . meta.url };',
      "flows/a.ts": `
        import { other } from "../lib/hash#bang.ts";
        import { flow } from "savepoint";
        const { url, dirname, filename } = import.meta;
        const text = \`import.meta.url\`;
        export const a = flow("a", async () => ({ url, dirname, filename, text, near: import.meta.resolve("./b.ts"), other }));`,
    });
    const [result] = await runInProcess(root, [{ run: "a" }]);
    expect(result?.value).toEqual({
      url: pathToFileURL(join(root, "flows/a.ts")).href,
      dirname: `${root}/flows`,
      filename: `${root}/flows/a.ts`,
      text: "import.meta.url",
      near: pathToFileURL(join(root, "flows/b.ts")).href,
      other: {
        url: pathToFileURL(join(root, "lib/hash#bang.ts")).href,
        again: pathToFileURL(join(root, "lib/hash#bang.ts")).href,
        dirname: `${root}/lib`,
        filename: `${root}/lib/hash#bang.ts`,
        main: false,
        text: "import.meta.url",
      },
    });
  });

  it("keeps the names of functions and classes that two files share, and calls marked as pure", async () => {
    const { root, code } = await makeProject({
      "package.json": '{ "type": "module", "sideEffects": false }',
      "lib/mine.ts":
        "export const mine = () => { class Wrong extends Error {} return Wrong.name; };\nexport class Wrong {}",
      "lib/register.ts": 'import { checkpoint } from "savepoint"; /* @__PURE__ */ checkpoint("registered", 1);',
      "flows/a.ts": `
        import { Wrong as Other, mine } from "../lib/mine.ts";
        import "../lib/register.ts";
        import { flow } from "savepoint";
        class Wrong {}
        export const a = flow("a", async () => [Wrong.name, Other.name, mine()]);`,
    });
    expect((await code.resolve("a")).version.checkpoints).toEqual(["registered"]);
    expect(await runInProcess(root, [{ run: "a" }])).toEqual([{ value: ["Wrong", "Wrong", "Wrong"] }]);
  });

  it("keeps the sources as they are in its source map", async () => {
    const text = flowFile("a", "return import.meta.url;");
    const { root, code } = await makeProject({ "flows/a.ts": text });
    const { version } = await code.resolve("a");
    const map = JSON.parse(await readFile(join(root, `.savepoint/versions/${version.hash}.mjs.map`), "utf8")) as {
      sources: string[];
      sourcesContent: string[];
    };
    expect(map.sourcesContent[map.sources.indexOf("../../flows/a.ts")]).toBe(text);
  });
});

describe("an error in the code", () => {
  it("gives file, line, column and source line of a syntax error", async () => {
    const { code } = await makeProject({ "flows/x.ts": `${flowFile("x")}const ü = "ü"; const = 5;\n` });
    const error = await userError(code.resolve("flows/x.ts:x"));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: 'flows/x.ts:3:22: Expected identifier but found "="',
    });
    expect(error.details).toMatchObject({
      file: "flows/x.ts",
      line: 3,
      column: 22,
      source_line: 'const ü = "ü"; const = 5;',
    });
    expect(error.hint).toBeTruthy();
  });

  it("at the end of a file that uses import.meta stands where the author's text ends", async () => {
    const { code } = await makeProject({ "flows/x.ts": "export const here = import.meta.url;\nfunction open() {" });
    const error = await userError(code.resolve("flows/x.ts"));
    expect(error.message).toMatch(/^flows\/x\.ts:2:18: /);
  });

  it("names a missing file, the nearest one, and a missing package with the command that installs it", async () => {
    const { code } = await makeProject({
      "flows/file.ts": 'import { util } from "./utl.ts";\nexport { util };',
      "flows/util.ts": "export const util = 1;",
      "flows/package.ts": 'import x from "@scope/left-pad/sub";\nexport { x };',
      "flows/export.ts": 'import { utill } from "./util.ts";\nexport const y = utill;',
      "flows/text.ts": 'import text from "./text.md";\nexport { text };',
      "flows/text.md": "text",
      "flows/remote.ts": 'import x from "https://example.org/x.js";\nexport { x };',
    });
    const file = await userError(code.resolve("flows/file.ts"));
    expect(file).toMatchObject({
      message: 'flows/file.ts:1:22: Could not resolve "./utl.ts"',
      hint: 'Did you mean "./util.ts"?',
    });
    const missing = await userError(code.resolve("flows/package.ts"));
    expect(missing.message).toBe('flows/package.ts:1:15: The package "@scope/left-pad" is not installed');
    expect(missing.hint).toContain("npm install @scope/left-pad");
    const wrong = await userError(code.resolve("flows/export.ts"));
    expect(wrong.message).toMatch(
      /^flows\/export\.ts:1:10: No matching export in "flows\/util\.ts" for import "utill"/,
    );
    expect((await userError(code.resolve("flows/text.ts"))).hint).toContain("import.meta.url");
    expect((await userError(code.resolve("flows/remote.ts"))).message).toContain(
      '"https://example.org/x.js" cannot be imported',
    );
  });

  it("is forbidden when an import leaves the project, also through a link", async () => {
    const outside = await temporaryFolder();
    await writeFiles(outside, { "secret.ts": "export const secret = 1;" });
    const { root, code } = await makeProject({
      "flows/linked.ts": 'import { secret } from "../door/secret.ts";\nexport { secret };',
      "flows/direct.ts": `import { secret } from "${outside}/secret.ts";\nexport { secret };`,
    });
    await symlink(outside, join(root, "door"));
    for (const target of ["flows/linked.ts", "flows/direct.ts"]) {
      const error = await userError(code.resolve(target));
      expect(error.code).toBe("forbidden");
      expect(error.message).toMatch(/^flows\/\w+\.ts:1:24: The import of .* leads outside the project$/);
      expect(error.details).toMatchObject({ line: 1 });
    }
  });

  it("leaves an optional package that is missing to the code", async () => {
    const { root, code } = await makeProject({
      "flows/a.ts": flowFile("a", 'try { return await import("optional-thing"); } catch { return "none"; }'),
    });
    expect((await code.resolve("a")).version.dependencies).toEqual({});
    expect(await runInProcess(root, [{ run: "a" }])).toEqual([{ value: "none" }]);
  });
});
