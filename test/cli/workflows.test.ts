import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { TestProject } from "../processes/project.ts";
import { json, savepoint } from "./command.ts";
import { flowsProject } from "./flows.ts";

const steps = "steps: [{ id: x, type: emit, event: done }]\n";

describe("savepoint workflows", () => {
  let project: TestProject;
  beforeAll(() => {
    project = flowsProject();
    project.write(
      "workflows/digest.md",
      `---\ntitle: Nightly digest\ntags: [mail]\nschedule: { cron: "0 9 * * *" }\ninputs: { topic: tea }\n${steps}---\n`,
    );
    project.write("workflows/wrong.yaml", "steps:\n  - { id: x, type: slep }\n  - { id: y, type: llm }\n");
  });
  afterAll(() => project.close());

  test("list shows flows and definitions, and which have errors", async () => {
    const { stdout, code } = await savepoint(project, ["workflows", "list"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^digest +definition +Nightly digest +mail +scheduled +workflows\/digest\.md$/m);
    expect(stdout).toMatch(/^wrong +definition +has errors +workflows\/wrong\.yaml$/m);
    expect(stdout).toMatch(/^review +flow +.*flows\/review\.ts:review$/m);
    const { items } = await json<{ items: { name: string }[] }>(project, ["workflows", "list", "--tags", "mail"]);
    expect(items.map(({ name }) => name)).toEqual(["digest"]);
  });

  test("show tells what a workflow takes, its steps, and the command that runs it", async () => {
    const { stdout } = await savepoint(project, ["workflows", "show", "digest"]);
    expect(stdout).toContain("digest  workflows/digest.md");
    expect(stdout).toMatch(/input +\{ topic\?: string \}/);
    expect(stdout).toMatch(/run it +savepoint run workflows\/digest\.md/);
    expect(stdout).toMatch(/Steps\n {2}x +emit/);
    expect(stdout).toContain("title: Nightly digest");
    const shown = await json(project, ["workflows", "show", "digest"]);
    expect(shown).toMatchObject({ command: "workflows.show", item: { name: "digest", valid: true } });
    const near = await savepoint(project, ["workflows", "show", "digst"]);
    expect(near).toMatchObject({ code: 1, stdout: "" });
    expect(near.stderr).toContain('Did you mean "digest"?');
  });

  test("validate tells the problems of one with places and hints, and ends with 1", async () => {
    for (const what of ["wrong", "workflows/wrong.yaml"]) {
      const { stdout, code } = await savepoint(project, ["workflows", "validate", what]);
      expect(code).toBe(1);
      const lines = stdout.split("\n");
      expect(lines[0]).toMatch(/^workflows\/wrong\.yaml:2:20 error steps\[0\]\.type: .*slep/);
      expect(lines[1]).toMatch(/^ {2}Did you mean/);
      expect(stdout).toContain("workflows/wrong.yaml:3:5 error");
      expect(stdout).toContain("✗ workflows/wrong.yaml: 2 errors");
    }
    expect(await savepoint(project, ["workflows", "validate", "digest"])).toMatchObject({
      code: 0,
      stdout: "✓ workflows/digest.md is valid\n",
    });
  });

  test("run tells what is wrong with one, and the command that shows all of it", async () => {
    const { stderr, code } = await savepoint(project, ["run", "wrong"]);
    expect(code).toBe(2);
    expect(stderr).toContain("`savepoint workflows validate --path workflows/wrong.yaml` shows all of them");
  });

  test("validate takes a text on stdin", async () => {
    const good = await savepoint(project, ["workflows", "validate", "-"], { input: `---\n${steps}---\n` });
    expect(good).toMatchObject({ code: 0, stdout: "✓ text.md is valid\n" });
    const args = ["workflows", "validate", "-", "--format", "yaml", "--name", "draft"];
    const bad = await savepoint(project, args, { input: "steps: 1" });
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain("draft.yaml:1:8 error");
    const unclear = await savepoint(project, ["workflows", "validate", "-"], { input: steps });
    expect(unclear.code).toBe(2);
    expect(unclear.stderr).toContain("--format");
  });

  test("validate without a name reads every file", async () => {
    for (const args of [[], ["--all"]]) {
      const { stdout, code } = await savepoint(project, ["workflows", "validate", ...args]);
      expect(code).toBe(1);
      expect(stdout).toContain("workflows/wrong.yaml:2:20 error");
      expect(stdout).toContain("✗ 2 files: 2 errors");
    }
    expect(await json(project, ["workflows", "validate"], 1)).toMatchObject({
      command: "workflows.validate",
      count: 2,
      valid: false,
      items: [
        { file: "workflows/digest.md", valid: true, problems: [] },
        { file: "workflows/wrong.yaml", valid: false },
      ],
    });
    expect(await savepoint(project, ["workflows", "validate", "digest", "--all"])).toMatchObject({ code: 2 });
  });

  test("save writes a text, and says what to do next", async () => {
    const args = ["workflows", "save", "--name", "saved", "--text", `---\n${steps}---\n`];
    const { stdout, code } = await savepoint(project, args);
    expect({ stdout, code }).toEqual({
      stdout: "✓ workflows/saved.md is written.\nsavepoint run saved --follow runs it.\n",
      code: 0,
    });
    expect(await savepoint(project, args)).toMatchObject({ code: 1, stderr: expect.stringContaining("--overwrite") });
    expect(await savepoint(project, [...args, "--overwrite"])).toMatchObject({ code: 0 });
  });

  test("schema prints the JSON Schema of definitions", async () => {
    const { stdout, code } = await savepoint(project, ["workflows", "schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: "Workflow definition", properties: { steps: {} } });
  });
});

describe("a new project", () => {
  let project: TestProject;
  beforeEach(() => {
    project = new TestProject();
  });
  afterEach(() => project.close());

  const read = (path: string) => readFileSync(project.path(path), "utf8");

  test("gets a folder with an example that is valid, once", async () => {
    const first = await savepoint(project, ["workflows", "init"]);
    expect(first).toMatchObject({ code: 0, stdout: "✓ workflows/hello.md is written.\n" });
    expect(first.stderr).toContain("savepoint run hello -i who=Ada --follow");
    expect(await savepoint(project, ["workflows", "validate"])).toMatchObject({
      code: 0,
      stdout: "✓ 1 file: nothing is wrong\n",
    });
    project.write("workflows/hello.md", `---\n${steps}---\n`);
    const again = await savepoint(project, ["workflows", "init"]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("There are definitions already") });
    expect(read("workflows/hello.md")).toBe(`---\n${steps}---\n`);
  });

  test("can run the example of init without any model, and gets its file", async () => {
    await savepoint(project, ["workflows", "init"]);
    const { item } = await json(project, ["run", "hello", "-i", "who=Ada", "--wait", "20"], 4);
    const ended = await json(project, ["answer", item.execution_id, "greet", "--wait", "20"]);
    expect(ended.item).toMatchObject({ status: "completed", result: "greet" });
    expect(read("hello.txt")).toBe("Hello Ada!");
  });

  test.each([
    [[], ["workflows/first-try.md"]],
    [["--with-steps"], ["workflows/first-try.md"]],
    [["--agent"], ["workflows/first-try.md"]],
    [["--with-tools"], ["workflows/first-try/workflow.md", "workflows/first-try/tools.ts"]],
    [
      ["--with-steps", "--with-tools"],
      ["workflows/first-try/workflow.md", "workflows/first-try/tools.ts"],
    ],
  ])("gets a definition to begin with by new %j, which is valid and never overwritten", async (flags, files) => {
    const made = await savepoint(project, ["workflows", "new", "first-try", ...flags]);
    expect(made).toMatchObject({ code: 0, stdout: `✓ ${files[0]} is written.\n` });
    for (const file of files) expect(existsSync(project.path(file))).toBe(true);
    expect(read(files[0] ?? "")).toMatch(/^ *# /m);
    const { item } = await json(project, ["workflows", "show", "first-try"]);
    expect(item).toMatchObject({ valid: true, problems: [], version: expect.any(String) });
    const before = read(files[0] ?? "");
    for (const others of [[], flags]) {
      const again = await savepoint(project, ["workflows", "new", "first-try", ...others]);
      expect(again).toMatchObject({ code: 1, stdout: "" });
    }
    expect(read(files[0] ?? "")).toBe(before);
  });

  test.each([
    [["new", "First Try"], 2, "first-try"],
    [["new", "x", "--agent", "--with-steps"], 2, "--agent"],
    [["new"], 2, "savepoint workflows new --help"],
    [["list"], 0, ""],
  ])("answers %j with %i", async (args, code, hint) => {
    const ended = await savepoint(project, ["workflows", ...args]);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(hint);
    expect(existsSync(project.path("workflows"))).toBe(false);
  });

  test("is told that a group of tools does not exist, and the servers do not begin", async () => {
    for (const command of ["mcp", "serve"]) {
      const ended = await savepoint(project, [command, "--groups", "executoins"]);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain('Did you mean "executions"?');
    }
    const variable = { env: { SAVEPOINT_GROUPS: "modles" } };
    expect((await savepoint(project, ["mcp"], variable)).stderr).toContain('Did you mean "models"?');
  });

  test("is told that its workflows folder leads out", async () => {
    const ended = await savepoint(project, ["workflows", "list"], { env: { SAVEPOINT_WORKFLOWS: "../elsewhere" } });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("workflows.folder: ../elsewhere leads out of the project");
    expect(ended.stderr).toContain("SAVEPOINT_WORKFLOWS");
  });
});
