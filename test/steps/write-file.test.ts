import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { dividedFiles } from "../../src/steps/writing/divided-text.ts";
import { useStepScene } from "../helpers/step-scene.ts";

const scene = useStepScene();

const one = (fields: string) => `name: x\ninputs: { text: "" }\nsteps: [{ id: go, type: write_file, ${fields} }]`;
const path = (name: string) => join(scene.project(), name);
const read = (name: string) => readFileSync(path(name), "utf8");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A folder beside the project, which no step may write to. */
function elsewhere(): string {
  return mkdtempSync(join(dirname(scene.project()), "elsewhere-"));
}

describe("a step that writes one file", () => {
  test("writes a text as it is, with the folders that it needs, and saves it as an artifact", async () => {
    const { output, artifacts } = await scene.run(one('path: "out/deep/{{ text }}.md", content: "# {{ text }}"'), {
      input: { text: "Größe" },
    });
    expect(read("out/deep/Größe.md")).toBe("# Größe");
    expect(output("go")).toEqual({ path: "out/deep/Größe.md", bytes: 9, sha256: sha256("# Größe") });
    expect(artifacts).toEqual({ "out/deep/Größe.md": "# Größe" });
    expect(readdirSync(path("out/deep"))).toHaveLength(1);
  });

  test("writes anything else as JSON, and saves no artifact where it is told so", async () => {
    const { artifacts } = await scene.run(one("path: a.json, content: { a: [1, null] }, save_artifact: false"));
    expect(JSON.parse(read("a.json"))).toEqual({ a: [1, null] });
    expect(read("a.json")).toMatch(/^\{\n {2}"a"[\s\S]*\}\n$/);
    expect(artifacts).toEqual({});
    expect((await scene.run(one("path: b.txt, content: b, save_artifact: report"))).artifacts).toEqual({ report: "b" });
  });

  test("replaces a file as a whole and keeps its mode", async () => {
    writeFileSync(path("run.sh"), "old");
    chmodSync(path("run.sh"), 0o750);
    await scene.run(one("path: run.sh, content: new"));
    expect(read("run.sh")).toBe("new");
    expect(statSync(path("run.sh")).mode & 0o777).toBe(0o750);
  });

  test("works in the workspace of its execution", async () => {
    mkdirSync(path("work"));
    await scene.run(one("path: a.txt, content: a"), { request: { workspace: "work" } });
    expect(read("work/a.txt")).toBe("a");
    const { entry } = await scene.run(one("path: a.txt, content: a"), { request: { workspace: "none" } });
    expect(entry("go").failure).toMatchObject({ code: "not_found", message: expect.stringContaining('"none"') });
  });
});

describe("a file", () => {
  test("may have the longest name that a disk takes", async () => {
    const name = `${"ü".repeat(125)}.txt`;
    expect((await scene.run(one(`path: ${name}, content: a`))).execution.status).toBe("completed");
    expect(readdirSync(scene.project())).toEqual([name]);
  });

  test("takes the place of what a killed worker left of it", async () => {
    const name = "sha256sum | cut -c 1-32";
    const leave = `printf '%s::go:1\\000%s' "$SAVEPOINT_EXECUTION_ID" a.txt | ${name}`;
    const { execution } = await scene.run(`name: x
steps:
  - id: leave
    type: shell
    command: |
      echo half > .$(${leave}).tmp
      ls -A | grep -c tmp
  - { id: go, type: write_file, path: a.txt, content: whole }`);
    expect(execution.status).toBe("completed");
    expect(readdirSync(scene.project())).toEqual(["a.txt"]);
    expect(read("a.txt")).toBe("whole");
  });

  test("whose path holds a secret is not written where an artifact would have its name", async () => {
    const redact = (text: string) => text.replaceAll("tell-nobody", "[redacted]");
    for (const fields of ["path: tell-nobody.txt", "path: a.txt, save_artifact: tell-nobody"]) {
      const { entry } = await scene.run(one(`${fields}, content: a`), { ports: { redact } });
      expect(entry("go").failure).toMatchObject({ code: "forbidden", hint: expect.stringContaining("save_artifact") });
      expect(entry("go").failure?.message).not.toContain("tell-nobody");
      expect(readdirSync(scene.project())).toEqual([]);
    }
  });
});

describe("a path that leads elsewhere", () => {
  const refused = async (name: string) => {
    const { entry } = await scene.run(one('path: "{{ text }}", content: bad'), { input: { text: name } });
    return entry("go").failure;
  };

  test.for([
    ["../x.txt", "leads out of the workspace"],
    ["a/../../x.txt", "leads out of the workspace"],
    ["..\\x.txt", "leads out of the workspace"],
    ["/tmp/x.txt", "it is no relative path"],
    ["C:\\x.txt", "it is no relative path"],
    ["\\\\host\\share", "it is no relative path"],
    ["~/x.txt", "home folder"],
    ["a\0b", "NUL"],
    [".", "it names a folder"],
    ["a/", "it names a folder"],
    [".git/hooks/pre-commit", ".git is kept from steps"],
    ["sub/.GIT/config", ".GIT is kept from steps"],
    [".savepoint/data.db", ".savepoint is kept from steps"],
    [".mcp.json", "it says which programs to start"],
    ["./Savepoint.Config.JSON", "it says which programs to start"],
    ["a".repeat(1_001), "more than 1000 characters"],
  ])("%j is refused", async ([name = "", why]) => {
    expect(await refused(name)).toMatchObject({ code: "forbidden", message: expect.stringContaining(why ?? "") });
    expect(existsSync(join(dirname(scene.project()), "x.txt"))).toBe(false);
  });

  test("is refused where a symbolic link on the way leads there, and one that stays inside is followed", async () => {
    const outside = elsewhere();
    symlinkSync(outside, path("out"));
    mkdirSync(path(".git"));
    symlinkSync(path(".git"), path("repository"));
    mkdirSync(path("real"));
    symlinkSync("real", path("link"));
    expect(await refused("out/x.txt")).toMatchObject({ code: "forbidden", message: expect.stringContaining('"out"') });
    expect(await refused("repository/config")).toMatchObject({ code: "forbidden" });
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(path(".git"))).toEqual([]);
    expect(await refused("link/x.txt")).toBeNull();
    expect(read("real/x.txt")).toBe("bad");
  });

  test("is refused where the file itself is a link that leads out, or to nothing", async () => {
    const outside = elsewhere();
    writeFileSync(join(outside, "x.txt"), "good");
    symlinkSync(join(outside, "x.txt"), path("x.txt"));
    symlinkSync(join(outside, "new.txt"), path("new.txt"));
    expect(await refused("x.txt")).toMatchObject({ code: "forbidden" });
    expect(await refused("new.txt")).toMatchObject({ message: expect.stringContaining("link to nothing") });
    expect(readFileSync(join(outside, "x.txt"), "utf8")).toBe("good");
    expect(readdirSync(outside)).toEqual(["x.txt"]);
  });

  test("is refused where a folder or a file is in the way", async () => {
    mkdirSync(path("folder"));
    writeFileSync(path("file"), "");
    expect(await refused("folder")).toMatchObject({ code: "conflict" });
    expect(await refused("file/x.txt")).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("is a file"),
    });
  });

  test("may have the name of a file that starts programs in another folder, but lead to no such file", async () => {
    symlinkSync(".mcp.json", path("servers.json"));
    writeFileSync(path(".mcp.json"), "{}");
    expect(await refused("sub/.mcp.json")).toBeNull();
    expect(await refused("servers.json")).toMatchObject({ code: "forbidden" });
    expect(read(".mcp.json")).toBe("{}");
  });

  test("is told before the first of many files is written, or a folder made", async () => {
    mkdirSync(path("folder"));
    writeFileSync(path("file"), "");
    symlinkSync(elsewhere(), path("out"));
    const before = readdirSync(scene.project());
    for (const last of ["folder", "file/x.txt", "out/x.txt", ".mcp.json", "new/b/c.txt"]) {
      const files = JSON.stringify({ "new/a.txt": "a", "new/b": "b", "other/x.txt": "x", [last]: "bad" });
      const { entry } = await scene.run(one(`files: ${files}`));
      expect(entry("go").failure?.message).toContain(last);
      expect(readdirSync(scene.project())).toEqual(before);
    }
  });

  test("cannot become one while it is written, or only for an empty file that is gone at once", async () => {
    const outside = elsewhere();
    const swapping = new Worker(
      `const fs = require("node:fs");
      const { folder, outside } = require("node:worker_threads").workerData;
      const attempt = (work) => { try { work(); } catch {} };
      for (;;) {
        attempt(() => fs.renameSync(folder, folder + "-away"));
        attempt(() => fs.symlinkSync(outside, folder));
        attempt(() => fs.unlinkSync(folder));
        attempt(() => fs.rmSync(folder, { recursive: true }));
        attempt(() => fs.renameSync(folder + "-away", folder));
      }`,
      { eval: true, workerData: { folder: path("folder"), outside } },
    );
    mkdirSync(path("folder"));
    const items = JSON.stringify(Array.from({ length: 300 }, (_, index) => index));
    const text = `name: x
steps:
  - { id: each, type: loop, items: ${items}, max_iterations: 300, steps: [{ id: go, type: write_file, path: "folder/{{ item }}.txt", content: "{{ item }}", on_error: continue, save_artifact: false }] }`;
    await scene.run(text);
    await swapping.terminate();
    expect(readdirSync(outside)).toEqual([]);
  });

  test("is no workspace either", async () => {
    mkdirSync(path(".git"));
    const { entry } = await scene.run(one("path: a, content: a"), { request: { workspace: ".git" } });
    expect(entry("go").failure).toMatchObject({ code: "forbidden", message: expect.stringContaining(".git") });
  });
});

describe("a step that writes many files", () => {
  const written = { "out/a.txt": "a", "out/src/b.json": '{\n  "b": 1\n}\n' };

  test.for([
    ["an object", '{ a.txt: a, "src/b.json": { b: 1 } }'],
    ["a list", '[{ path: a.txt, content: a }, { path: "src/./b.json", content: { b: 1 } }]'],
  ])("takes %s", async ([, files]) => {
    const { output, artifacts } = await scene.run(one(`path: out, files: ${files}`));
    for (const [name, content] of Object.entries(written)) expect(read(name)).toBe(content);
    expect(output("go")).toEqual({
      folder: "out",
      files: Object.entries(written).map(([name, text]) => ({ path: name, bytes: text.length, sha256: sha256(text) })),
    });
    expect(artifacts).toEqual(written);
  });

  test("takes the text of a model", async () => {
    const text =
      "Here they are.\n\n=== FILE: pom.xml ===\n<project/>\n=== FILE: src/App.java ===\nclass App {}\n=== END ===\nBye.";
    const { output } = await scene.run(one('files: "{{ text }}"'), { input: { text } });
    expect(output("go")).toMatchObject({ folder: ".", files: [{ path: "pom.xml" }, { path: "src/App.java" }] });
    expect([read("pom.xml"), read("src/App.java")]).toEqual(["<project/>\n", "class App {}\n"]);
  });

  test("writes none of them where one may not be written", async () => {
    const text = "=== FILE: fine.txt ===\nfine\n=== FILE: ../bad.txt ===\nbad\n";
    const { entry } = await scene.run(one('path: out, files: "{{ text }}"'), { input: { text } });
    expect(entry("go").failure).toMatchObject({ code: "forbidden", message: expect.stringContaining("../bad.txt") });
    expect(existsSync(path("out"))).toBe(false);
  });

  test("says what is wrong with files that are none, that are given twice, or too many", async () => {
    const failure = async (text: unknown, type = "string") => {
      const definition = `name: x\ninputs: { text: { type: ${type}, required: true } }\nsteps: [{ id: go, type: write_file, files: "{{ text }}" }]`;
      return (await scene.run(definition, { input: { text } })).entry("go").failure;
    };
    expect(await failure("I cannot do that.")).toMatchObject({
      code: "invalid_input",
      hint: expect.stringContaining("=== FILE:"),
    });
    expect(await failure([{ path: "a" }], "array")).toMatchObject({ message: expect.stringContaining("files[0]") });
    expect(await failure("=== FILE: a ===\n1\n=== FILE: ./a ===\n2")).toMatchObject({
      message: expect.stringContaining("twice"),
    });
    const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`f${index}`, ""]));
    expect(await failure(many, "object")).toMatchObject({ code: "too_large" });
    expect(await failure({ a: "x".repeat(16 * 1024 * 1024 + 1) }, "object")).toMatchObject({ code: "too_large" });
    expect(readdirSync(scene.project())).toEqual([]);
  });
});

describe("a text that holds many files", () => {
  const names = (text: string) => dividedFiles(text).map((file) => [file.path, file.content]);

  test("is divided at its marks, whatever is fenced between them", () => {
    const text =
      "===== FILE: `a.ts` =====\n```ts\nconst a = `x`;\n```\n\n=== file:b.md===\nText\n```sh\nls\n```\n=== END FILE ===\nrest\n=== FILE: c ===";
    expect(names(text)).toEqual([
      ["a.ts", "const a = `x`;\n"],
      ["b.md", "Text\n```sh\nls\n```\n"],
      ["c", ""],
    ]);
  });

  test("is divided at marks that stand within fences, too", () => {
    const each =
      "A:\n```java\n=== FILE: A.java ===\nclass A {}\n```\nB:\n```java\n=== FILE: B.java ===\nclass B {}\n```\nBye.";
    const all = "```\n=== FILE: A.java ===\nclass A {}\n\n=== FILE: B.java ===\nclass B {}\n```\nBye.";
    for (const text of [each, all]) {
      expect(names(text)).toEqual([
        ["A.java", "class A {}\n"],
        ["B.java", "class B {}\n"],
      ]);
    }
  });

  test("is divided at its fenced blocks where these name paths", () => {
    const text = [
      "First:",
      "```ts src/a.ts\nconst a = 1;\n```",
      "```\nno name\n```",
      "````md:docs/b.md\n```js\nx\n```\n````",
      '```json title="c.json"\n{}\n```',
      "~~~ d/e.txt\ne\n~~~",
      "```ts\nnot.a/path;\n```",
      "```ts twoslash\nconst b = 1;\n```",
    ].join("\n");
    expect(names(text)).toEqual([
      ["src/a.ts", "const a = 1;\n"],
      ["docs/b.md", "```js\nx\n```\n"],
      ["c.json", "{}\n"],
      ["d/e.txt", "e\n"],
    ]);
  });

  test("holds none that was cut off within a fence", () => {
    expect(names("```ts a.ts\nconst a = 1;")).toEqual([]);
  });
});
