import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestProject } from "../processes/project.ts";
import { type Ended, type Item, json, savepoint } from "./command.ts";

const definition = `---
inputs: { tag: { type: string, required: true }, rows: [a, b] }
steps:
  - { id: log, type: shell, command: "echo {{ tag | shell }}", on_error: continue }
  - id: each
    type: loop
    items: "{{ rows }}"
    concurrency: 2
    steps:
      - { id: big, type: condition, field: $.item, operator: eq, value: a, then: [{ id: pause, type: sleep, duration: 1h }] }
      - { id: fetch, type: http, url: "https://example.test/{{ item }}" }
  - { id: ask, type: human, question: "Publish?", options: [yes, { id: no, next_step: end }] }
  - { id: rest, type: sleep, duration: 30d }
  - { id: publish, type: write_file, path: notes.md, content: "{{ steps.each.output }}" }
  - { id: end, type: emit, event: done, data: { log: "{{ steps.log.output.stdout }}", error: "{{ steps.log.error.code }}", pages: "$.each[*].body", option: "{{ steps.ask.output.option }}" } }
---
`;
const log = { exit_code: 0, stdout: "one commit\n", stderr: "" };
const page = (body: string) => ({ status: 200, headers: {}, body });
const expected = { log: "one commit\n", error: null, pages: ["A", "B"], option: "no" };

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write("workflows/notes.md", definition);
  write({
    "inputs.json": { tag: "v1" },
    "log.output.json": log,
    "fetch.output.jsonl": `# what came\n${JSON.stringify(page("A"))}\n\n${JSON.stringify(page("B"))}\n`,
    "ask.json": "no",
  });
});
afterEach(() => project.close());

const folder = () => join(project.root, "fixtures");

function write(files: Record<string, unknown>): void {
  mkdirSync(folder(), { recursive: true });
  for (const [name, value] of Object.entries(files)) {
    writeFileSync(join(folder(), name), name.endsWith("jsonl") ? String(value) : JSON.stringify(value));
  }
}

function remove(name: string): void {
  rmSync(join(folder(), name));
}

async function tested(args: readonly string[] = [], code = 0): Promise<Record<string, unknown>> {
  const { item } = await json<Item>(project, ["test", "notes", "--fixtures", folder(), ...args], code);
  return item;
}

describe("a test of a definition", () => {
  test("gives its steps what was recorded, in the order of the passes, and touches nothing", async () => {
    write({ "expected.json": expected });
    const before = readdirSync(project.root).sort();
    expect(await tested(["--strict"])).toMatchObject({
      valid: true,
      status: "completed",
      result: expected,
      coverage: 0.75,
      steps_with_fixtures: ["log", "fetch", "ask"],
      steps_without_fixtures: ["publish"],
      steps_not_reached: ["publish"],
      unused_fixtures: [],
      failure: null,
    });
    expect(readdirSync(project.root).sort()).toEqual(before);
  });

  test("shows where the result is not the one that was expected", async () => {
    write({ "expected.json": { ...expected, pages: ["A", "C"] } });
    expect(await tested([], 1)).toMatchObject({
      valid: false,
      status: "completed",
      differences: ['$.pages[1]: expected "C", got "B"'],
    });
    const { code, stdout } = await savepoint(project, ["test", "notes", "--fixtures", folder()]);
    expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining('expected "C", got "B"') });
  });

  test("takes an input from the command line before that of the folder", async () => {
    write({ "expected.json": expected });
    expect(await tested(["-i", "rows=[]", "-i", "tag=1.0"], 1)).toMatchObject({ result: { pages: [] } });
  });

  test("fails with all steps that have no fixture, where one of them is reached", async () => {
    write({ "ask.json": "yes" });
    remove("log.output.json");
    const { failure } = await tested([], 1);
    expect(failure).toMatchObject({ step: "publish", message: expect.stringContaining("publish: it has no fixture") });
    expect(failure).toMatchObject({ hint: expect.stringContaining("log") });
  });

  test("lets a step fail as it was recorded, and the work goes on where the step says so", async () => {
    remove("log.output.json");
    write({ "log.error.json": { code: "exit_code", message: "no such tag" } });
    expect(await tested()).toMatchObject({ valid: true, result: { log: null, error: "exit_code" } });
  });

  test("has files for single passes beside those for all", async () => {
    write({ "each[1].fetch.output.json": page("second") });
    expect(await tested()).toMatchObject({ result: { pages: ["A", "second"] } });
  });

  test("says when the passes are more than the lines", async () => {
    write({ "fetch.output.jsonl": JSON.stringify(page("A")) });
    const { failure } = await tested([], 1);
    expect(failure).toMatchObject({
      message: expect.stringContaining("fetch.output.jsonl has 1 lines, and this is visit 2"),
    });
  });

  test("tells files that nothing used, which are errors under --strict", async () => {
    write({ "publish.output.json": {}, "fetsh.output.json": {} });
    const unused = { unused_fixtures: ["fetsh.output.json", "publish.output.json"] };
    expect(await tested()).toMatchObject({ valid: true, ...unused });
    expect(await tested(["--strict"], 1)).toMatchObject({ valid: false, ...unused });
  });

  test("runs what has no fixture with --live, in a folder that is not the project's", async () => {
    remove("log.output.json");
    write({ "ask.json": "yes" });
    expect(await tested(["--live"])).toMatchObject({ valid: true, result: { log: "v1", option: "yes" } });
    expect(existsSync(join(project.root, "notes.md"))).toBe(false);
  });

  test("refuses an answer that nobody could have given, and says which there are", async () => {
    write({ "ask.json": "maybe" });
    expect(await tested([], 1)).toMatchObject({
      failure: {
        code: "fixture_invalid",
        message: expect.stringContaining('ask.json answers "maybe", which is none of the options'),
        hint: expect.stringContaining("yes, no"),
      },
    });
  });

  test("does not ask where nobody is", async () => {
    remove("ask.json");
    expect(await tested(["--live"], 1)).toMatchObject({ failure: { code: "nobody_there", step: "ask" } });
  });

  test("explains what it cannot do", async () => {
    const refused = async (args: string[]): Promise<Ended> => savepoint(project, ["test", ...args]);
    expect((await refused(["notes"])).stderr).toContain("--fixtures is missing");
    expect((await refused(["notes", "--fixtures", "nowhere"])).stderr).toContain("cannot be read");
    expect((await refused(["notse", "--fixtures", folder()])).stderr).toContain("notes");
    write({ "log.json": log });
    expect((await refused(["notes", "--fixtures", folder()])).stderr).toContain("both stand for log");
  });
});

test("fixtures are recorded of a past execution, and a test with them ends as that did", async () => {
  project.write(
    "workflows/notes.md",
    definition
      .replace("duration: 1h", "duration: 10ms")
      .replace("https://example.test/{{ item }}", "{{ tag }}")
      .replace("type: http, url:", "type: shell, command:"),
  );
  const run = await json<Item>(project, ["run", "notes", "-i", "tag=echo $((6*7))", "--wait", "20"], 4);
  const id = run.item.execution_id;
  await json(project, ["answer", id, "no", "--wait", "20"]);
  rmSync(folder(), { recursive: true });
  const { item } = await json<Item>(project, ["test", "notes", "--fixtures", folder(), "--record", id]);
  expect(item).toMatchObject({
    written: ["log.output.json", "fetch.output.jsonl", "ask.output.json", "inputs.json", "expected.json"],
    notes: [],
  });
  expect(readFileSync(join(folder(), "fetch.output.jsonl"), "utf8").split("\n")).toHaveLength(3);
  const { item: ended } = await json<Item>(project, ["show", id]);
  expect(await tested(["--strict"])).toMatchObject({ valid: true, result: ended.result });
  const again = await savepoint(project, ["test", "notes", "--fixtures", folder(), "--record", id]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("--overwrite") });
});

test("what failed is recorded as an error of its pass, and what holds a secret is left out", async () => {
  const text = `
steps:
  - id: each
    type: loop
    items: [1, 2, 3]
    collect: "{{ steps.go.error.code | default: steps.go.output.stdout }}"
    steps: [{ id: go, type: shell, command: "test {{ item }} -ne 2 && echo {{ item }}", on_error: continue }]
  - { id: told, type: shell, command: 'echo "$TOKEN"', env: { TOKEN: "{{ secrets.github.TOKEN }}" } }
outputs: "{{ steps.each.output }}"
`;
  project.write("workflows/passes.yaml", text);
  const env = { GITHUB_TOKEN: "tok-5f3a9c1e7b2d" };
  await savepoint(project, ["secrets", "create", "github", "--from-env", "TOKEN=GITHUB_TOKEN"], { env });
  const run = await json<Item>(project, ["run", "passes", "--wait", "30"]);
  rmSync(folder(), { recursive: true });
  const args = ["test", "passes", "--fixtures", folder()];
  const { item } = await json<Item>(project, [...args, "--record", run.item.execution_id]);
  expect(item).toMatchObject({
    written: ["each[1].go.error.json", "go.output.jsonl", "inputs.json", "expected.json"],
    notes: ["told was left out: a secret stands in its output."],
  });
  write({ "told.txt": "hidden" });
  const { item: report } = await json<Item>(project, args);
  expect(report).toMatchObject({ valid: true, result: ["1", "exit_code", "3"] });
});

test("a loop that a jump leads back to is recorded pass by pass, as it went", async () => {
  project.write(
    "workflows/again.yaml",
    `
steps:
  - { id: each, type: loop, items: [1, 2], steps: [{ id: count, type: shell, command: "echo x >> n; printf %s $(wc -l < n)" }] }
  - { id: more, type: condition, field: "{{ steps.each.output[1].stdout }}", operator: lt, value: 3, then_step: each, else_step: done }
  - { id: done, type: set, value: "{{ steps.each.output[0].stdout }}" }
`,
  );
  const run = await json<Item>(project, ["run", "again", "--wait", "30"]);
  rmSync(folder(), { recursive: true });
  const args = ["test", "again", "--fixtures", folder()];
  await json<Item>(project, [...args, "--record", run.item.execution_id]);
  const lines = readFileSync(join(folder(), "count.output.jsonl"), "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).stdout)).toEqual(["1", "2", "3", "4"]);
  const { item } = await json<Item>(project, args);
  expect(item).toMatchObject({ valid: true, result: "3", expected: "3" });
});
