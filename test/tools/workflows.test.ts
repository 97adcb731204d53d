import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { flowFile, type List, pages, reviewFlow, ToolProject } from "./project.ts";

let project: ToolProject;
beforeEach(() => {
  project = new ToolProject({ "flows/review.ts": reviewFlow });
});
afterEach(() => project.close());

const steps = "steps: [{ id: x, type: emit, event: done }]\n";
const digest = `---
title: Nightly digest
description: Sums up the day
tags: [nightly, mail]
inputs: { topic: { type: string, required: true, description: What about }, words: 100 }
models: { "*": fast }
guardrails: { max_time: 2m, max_cost_usd: 1 }
schedule: { cron: "0 9 * * 1-5", timezone: Europe/Berlin }
steps:
  - id: which
    type: condition
    description: Whether there is anything
    field: "{{ topic }}"
    operator: exists
    then: [{ id: write, type: llm, prompt: "#write" }]
  - { id: done, type: emit, event: done }
---
# write
Write about {{ topic }}.
`;

interface Item {
  name: string;
  kind: string;
  target: string;
  valid: boolean;
  scheduled: boolean;
  inputs: unknown;
}
interface Problem {
  severity: string;
  file: string;
  line: number;
  column: number;
  code: string;
  message: string;
  hint: string | null;
}
interface Validated {
  valid: boolean;
  name: string | null;
  file: string;
  problems: Problem[];
}
type Listed = List<Item> & { problems: Problem[] };

const names = ({ items }: Listed) => items.map(({ name }) => name);

describe("workflows_list", () => {
  test("lists definitions and flows by name, with what they take", async () => {
    project.write("workflows/digest.md", digest);
    project.write("workflows/broken.yaml", "steps: [{ id: x, type: slep }]");
    const { items, total, total_is_exact, problems } = await project.call<Listed>("workflows_list");
    expect(items).toEqual([
      {
        name: "broken",
        title: null,
        description: null,
        kind: "definition",
        target: "workflows/broken.yaml",
        tags: [],
        scheduled: false,
        valid: false,
        inputs: null,
      },
      {
        name: "digest",
        title: "Nightly digest",
        description: "Sums up the day",
        kind: "definition",
        target: "workflows/digest.md",
        tags: ["nightly", "mail"],
        scheduled: true,
        valid: true,
        inputs: expect.objectContaining({ required: ["topic"] }),
      },
      {
        name: "review",
        title: null,
        description: null,
        kind: "flow",
        target: "flows/review.ts:review",
        tags: [],
        scheduled: false,
        valid: true,
        inputs: expect.objectContaining({ required: ["topic"] }),
      },
    ]);
    expect({ total, total_is_exact, problems }).toEqual({ total: 3, total_is_exact: true, problems: [] });
  });

  test("filters by words, tags and schedule, together", async () => {
    project.write("workflows/digest.md", digest);
    project.write("workflows/other.yaml", `tags: [nightly]\n${steps}`);
    const listed = async (args: object) => names(await project.call<Listed>("workflows_list", args));
    expect(await listed({ search: "NIGHT day" })).toEqual(["digest"]);
    expect(await listed({ search: "workflows/" })).toEqual(["digest", "other"]);
    expect(await listed({ tags: ["nightly"] })).toEqual(["digest", "other"]);
    expect(await listed({ tags: ["nightly", "mail"] })).toEqual(["digest"]);
    expect(await listed({ scheduled: false })).toEqual(["other", "review"]);
    expect(await listed({ scheduled: true, tags: ["other"] })).toEqual([]);
  });

  test("goes on with cursors, and refuses those of other lists", async () => {
    for (const name of ["a", "b", "c", "d"]) project.write(`workflows/${name}.yaml`, steps);
    const found = await pages<Item>(project, "workflows_list", { limit: 2 });
    expect(found.map((page) => page.map(({ name }) => name))).toEqual([["a", "b"], ["c", "d"], ["review"]]);
    const { next_cursor: cursor } = await project.call<Listed>("workflows_list", { limit: 2 });
    expect(await project.error("secrets_list", { cursor })).toMatchObject({ code: "invalid_input" });
  });

  test("tells files that it cannot list: broken flows, names that are taken", async () => {
    project.write("flows/broken.ts", flowFile("export const x = flow("));
    project.write("workflows/a.yaml", `name: same\n${steps}`);
    project.write("workflows/b.yaml", `name: same\n${steps}`);
    const listed = await project.call<Listed>("workflows_list");
    expect(names(listed)).toEqual(["review", "same"]);
    expect(listed.problems.map(({ file, code }) => `${file} ${code}`)).toEqual([
      "workflows/b.yaml duplicate_name",
      "flows/broken.ts not_readable",
    ]);
  });

  test("leaves out a schema that is too long for a list", async () => {
    const inputs = Array.from(
      { length: 60 },
      (_, at) => `  input_${at}: { type: string, description: "What ${at} is" }`,
    );
    project.write("workflows/large.yaml", `inputs:\n${inputs.join("\n")}\n${steps}`);
    const { items } = await project.call<Listed>("workflows_list", { search: "large" });
    expect(items[0]?.inputs).toMatchObject({ type: "object", description: expect.stringContaining("workflows_get") });
    const shown = await project.call<{ input_schema: { properties: object } }>("workflows_get", { workflow: "large" });
    expect(Object.keys(shown.input_schema.properties)).toHaveLength(60);
  });

  test("is kept in the store, without secrets, and read anew by another process", async () => {
    project.write("workflows/plain.yaml", steps);
    project.write("workflows/secret.yaml", `title: token-of-a-project\n${steps}`);
    const app = await project.app();
    app.secrets.create({ name: "github", values: { TOKEN: "token-of-a-project" }, visibility: "shared", words: [] });
    const later = { now: () => Date.now() + 10_000, at: app.clock.at };
    const other = await project.open({ clock: later });
    expect(other.workflows.definitions().definitions.map(({ name }) => name)).toEqual(["plain", "secret"]);
    expect(app.store.definitions.list().map(({ path }) => path)).toEqual(["workflows/plain.yaml"]);
  });
});

describe("workflows_get", () => {
  test("shows a definition: input with an example, steps, models, limits, triggers, text", async () => {
    project.write("workflows/digest.md", digest);
    expect(await project.call("workflows_get", { workflow: "digest" })).toMatchObject({
      name: "digest",
      kind: "definition",
      target: "workflows/digest.md",
      title: "Nightly digest",
      tags: ["nightly", "mail"],
      valid: true,
      version: expect.stringMatching(/^[0-9a-f]{64}$/),
      input_schema: { required: ["topic"] },
      example: { target: "workflows/digest.md", input: { topic: expect.any(String) } },
      steps: [
        { id: "which", type: "condition", description: "Whether there is anything", inside: null },
        { id: "write", type: "llm", description: null, inside: "which" },
        { id: "done", type: "emit", description: null, inside: null },
      ],
      models: { "*": "fast" },
      guardrails: { max_time: 120, max_cost_usd: 1 },
      triggers: [{ type: "cron", cron: "0 9 * * 1-5", timezone: "Europe/Berlin", enabled: true }],
      text: digest,
      text_note: null,
      problems: [{ severity: "warning", code: "unknown_model", file: "workflows/digest.md" }],
    });
  });

  test("shows a flow by its name or its target", async () => {
    for (const workflow of ["review", "flows/review.ts:review"]) {
      expect(await project.call("workflows_get", { workflow })).toMatchObject({
        name: "review",
        kind: "flow",
        target: "flows/review.ts:review",
        version: expect.stringMatching(/^[0-9a-f]{64}$/),
        example: { target: "flows/review.ts:review", input: { topic: expect.any(String) } },
        steps: [{ id: "draft", type: "checkpoint" }],
        text: null,
        text_note: expect.stringContaining("flows/review.ts"),
      });
    }
  });

  test("shows a broken definition with its text and what is wrong, without a version", async () => {
    project.write("workflows/broken.yaml", "title: Broken\nsteps: [{ id: x, type: slep }]");
    expect(await project.call("workflows_get", { workflow: "broken" })).toMatchObject({
      valid: false,
      version: null,
      input_schema: null,
      example: null,
      steps: [],
      text: expect.stringContaining("slep"),
      problems: [{ line: 2, code: "unknown_type", hint: expect.any(String) }],
    });
  });

  test("cuts a long text with a note of how to read the rest", async () => {
    project.write("workflows/long.md", `Write this. ${"x".repeat(30_000)}`);
    const shown = await project.call<{ text: string; text_note: string }>("workflows_get", { workflow: "long" });
    expect(shown.text).toHaveLength(20_000);
    expect(shown.text_note).toContain("workflows/long.md");
  });

  test("shows a definition anywhere in the project by its path", async () => {
    project.write("examples/workflows/other.yaml", steps);
    expect(await project.call("workflows_get", { workflow: "./examples/workflows/other.yaml" })).toMatchObject({
      name: "other",
      target: "examples/workflows/other.yaml",
      valid: true,
    });
  });

  test.each([
    ["diges", "not_found", '"digest"'],
    ["workflows/diges.md", "not_found", '"workflows/digest.md"'],
    ["../outside.md", "forbidden", "project"],
    ["/etc/passwd.md", "forbidden", "project"],
    ["workflows/notes.txt", "invalid_input", ".toml"],
    ["flows/nothing.ts:x", "not_found", ""],
    ["same", "ambiguous", "flows/same.ts:same"],
  ])("refuses %s with %s and says what to name instead", async (workflow, code, hint) => {
    project.write("workflows/digest.md", digest);
    project.write("workflows/same.yaml", steps);
    project.write("workflows/notes.txt", "x");
    project.write("flows/same.ts", flowFile('export const same = flow("same", async () => 1);'));
    const error = await project.error("workflows_get", { workflow });
    expect(error.code).toBe(code);
    expect(`${error.hint} ${error.message}`).toContain(hint);
    expect(JSON.stringify(error)).not.toContain(project.root);
  });
});

describe("workflows_validate", () => {
  test("tells all problems of a file at once, with their places and hints", async () => {
    project.write(
      "workflows/bad.yaml",
      `name: bad
steps:
  - { id: a, type: slep }
  - { id: b, type: llm }
  - { id: b, type: workflow, workflow: reveiw }
`,
    );
    for (const args of [{ workflow: "bad" }, { path: "workflows/bad.yaml" }]) {
      const { valid, name, file, problems } = await project.call<Validated>("workflows_validate", args);
      expect({ valid, name, file }).toEqual({ valid: false, name: "bad", file: "workflows/bad.yaml" });
      expect(problems.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual([
        "3:20 unknown_type",
        "4:5 missing_field",
        "5:11 duplicate_id",
        "5:40 unknown_workflow",
      ]);
      expect(problems.at(-1)).toMatchObject({ file: "workflows/bad.yaml", hint: expect.stringContaining("review") });
    }
  });

  test("knows the models, secrets and workflows of the project", async () => {
    const app = await project.app();
    app.secrets.create({ name: "github", values: { TOKEN: "value-of-the-token" }, visibility: "shared", words: [] });
    app.models.aliases.register({ name: "fast", model: "ollama:llama3.2:3b" });
    project.write("workflows/other.yaml", steps);
    const text = `---
steps:
  - { id: a, type: llm, prompt: Go, model: fast }
  - { id: b, type: llm, prompt: Go, model: "anthropic:claude-x" }
  - { id: c, type: llm, prompt: Go, model: fats }
  - { id: d, type: shell, command: x, env: { A: "{{ secrets.github.TOKEN }}", B: "{{ secrets.github.TOKN }}" } }
  - { id: e, type: workflow, workflow: other }
  - { id: f, type: workflow, workflow: review }
  - { id: g, type: workflow, workflow: itself }
---
`;
    const { problems, ...rest } = await project.call<Validated>("workflows_validate", { text, name: "itself" });
    expect(rest).toEqual({ valid: true, name: "itself", file: "itself.md" });
    expect(problems.map(({ line, severity, code, hint }) => [line, severity, code, hint])).toEqual([
      [5, "warning", "unknown_model", 'Did you mean "fast"?'],
      [6, "warning", "unknown_secret", 'Did you mean "TOKEN"?'],
    ]);
  });

  test("does not say that a workflow is missing while a flow that may hold it cannot be read", async () => {
    project.write("flows/broken.ts", flowFile("export const other = flow("));
    const text = "---\nsteps: [{ id: a, type: workflow, workflow: other }]\n---\n";
    expect(await project.call("workflows_validate", { text })).toMatchObject({ valid: true, problems: [] });
  });

  test("tells of a file that another one is read in its place", async () => {
    project.write("workflows/a.yaml", `name: same\n${steps}`);
    project.write("workflows/b.yaml", `name: same\n${steps}`);
    const { valid, problems } = await project.call<Validated>("workflows_validate", { path: "workflows/b.yaml" });
    expect(valid).toBe(false);
    expect(problems).toMatchObject([{ code: "duplicate_name", file: "workflows/b.yaml" }]);
  });

  test("reads a text as Markdown where it begins so, and else as what it is said to be", async () => {
    const check = (args: object) => project.call<Validated>("workflows_validate", args);
    expect(await check({ text: `---\n${steps}---\n` })).toMatchObject({ valid: true, file: "text.md" });
    expect(await check({ text: steps, format: "yaml" })).toMatchObject({ valid: true, file: "text.yaml" });
    const toml = '[[steps]]\nid = "x"\ntype = "emit"\nevent = "done"\n';
    expect(await check({ text: toml, format: "toml", name: "t" })).toMatchObject({ valid: true, file: "t.toml" });
    expect(await check({ text: "Write.", format: "markdown" })).toMatchObject({ valid: true });
    const error = await project.error("workflows_validate", { text: steps });
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("format yaml or toml") });
  });

  test.each([
    [{}, "none is given"],
    [{ workflow: "a", path: "b" }, "workflow and path are given"],
    [{ path: "a.md", format: "yaml" }, "format goes with text only"],
    [{ workflow: "review" }, "is a flow"],
  ])("refuses %j", async (args, message) => {
    const error = await project.error("workflows_validate", args);
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining(message) });
    expect(error.hint).not.toBeNull();
  });

  test("answers whatever a hostile text says", async () => {
    for (const text of [
      "---js\nthrow 1\n---\n",
      "---\na: &a [*a]\n---\n",
      "---\n\0",
      `---\n${"[".repeat(10_000)}\n---\n`,
    ]) {
      expect(await project.call("workflows_validate", { text })).toMatchObject({ valid: false });
    }
  });
});

describe("workflows_save", () => {
  const text = `---\n${steps}---\n`;
  const read = (path: string) => readFileSync(join(project.root, path), "utf8");

  test("writes a new definition, which is listed and can be shown at once", async () => {
    expect(await project.call("workflows_save", { name: "fresh", text })).toEqual({
      name: "fresh",
      target: "workflows/fresh.md",
      created: true,
      problems: [],
    });
    expect(read("workflows/fresh.md")).toBe(text);
    expect(readdirSync(join(project.root, "workflows"))).toEqual(["fresh.md"]);
    expect(names(await project.call<Listed>("workflows_list"))).toEqual(["fresh", "review"]);
    await project.call("workflows_save", { name: "dry", text: steps, format: "yaml" });
    expect(read("workflows/dry.yaml")).toBe(steps);
  });

  test("writes nothing that has errors, and tells all of them", async () => {
    const wrong = "---\nsteps:\n  - { id: a, type: slep }\n  - { id: b, type: workflow, workflow: nothing }\n---\n";
    const error = await project.error("workflows_save", { name: "fresh", text: wrong });
    expect(error).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/^text: line 3: .*\(and 1 more\)$/),
      details: { problems: [{ line: 3 }, { line: 4, code: "unknown_workflow", file: "workflows/fresh.md" }] },
    });
    expect(existsSync(join(project.root, "workflows", "fresh.md"))).toBe(false);
  });

  test("replaces the file that holds it, wherever that is, only when told to", async () => {
    project.write("workflows/named.yaml", `name: report\n${steps}`);
    project.write("workflows/daily_brief/workflow.md", text);
    chmodSync(join(project.root, "workflows/daily_brief/workflow.md"), 0o640);
    const refused = await project.error("workflows_save", { name: "daily-brief", text });
    expect(refused).toMatchObject({ code: "conflict", hint: expect.stringContaining("overwrite") });
    const changed = `---\ntitle: New\n${steps}---\n`;
    expect(await project.call("workflows_save", { name: "daily-brief", text: changed, overwrite: true })).toMatchObject(
      {
        target: "workflows/daily_brief/workflow.md",
        created: false,
      },
    );
    expect(read("workflows/daily_brief/workflow.md")).toBe(changed);
    expect(statSync(join(project.root, "workflows/daily_brief/workflow.md")).mode & 0o777).toBe(0o640);
    const report = { name: "report", text: `name: report\ntitle: New\n${steps}`, format: "yaml", overwrite: true };
    expect(await project.call("workflows_save", report)).toMatchObject({ target: "workflows/named.yaml" });
    expect(await project.error("workflows_save", { ...report, text, format: "markdown" })).toMatchObject({
      code: "conflict",
      hint: expect.stringContaining("yaml"),
    });
  });

  test.each([
    ["Fresh One", text, "invalid_input", "fresh-one"],
    ["../fresh", text, "invalid_input", "fresh"],
    ["fresh", `---\nname: other\n${steps}---\n`, "invalid_input", "name: fresh"],
    ["review", text, "conflict", "another name"],
    ["taken", text, "conflict", "another name"],
    ["other-name", text, "conflict", "another name"],
    ["fresh", steps, "invalid_input", "format"],
  ])("refuses %j: %#", async (name, given, code, hint) => {
    project.write("workflows/taken.md", `---\nname: something\n${steps}---\n`);
    project.write(
      "workflows/other_name.toml",
      '[steps.x]\ntype = "emit"\nevent = "e"\n[workflow]\nname = "elsewhere"\n',
    );
    const before = readdirSync(join(project.root, "workflows"));
    expect(await project.error("workflows_save", { name, text: given })).toMatchObject({
      code,
      hint: expect.stringContaining(hint),
    });
    expect(readdirSync(join(project.root, "workflows"))).toEqual(before);
  });

  test("does not write a secret's value into a file", async () => {
    const app = await project.app();
    app.secrets.create({ name: "github", values: { TOKEN: "token-of-a-project" }, visibility: "shared", words: [] });
    const leaking = `---\ntitle: token-of-a-project\n${steps}---\n`;
    const error = await project.error("workflows_save", { name: "leak", text: leaking });
    expect(error).toMatchObject({ code: "invalid_input", hint: expect.stringContaining("{{ secrets.name.KEY }}") });
    expect(JSON.stringify(error)).not.toContain("token-of-a-project");
    expect(existsSync(join(project.root, "workflows"))).toBe(false);
  });

  test("never writes through a link that leads out", async () => {
    const outside = join(tmpdir(), `${project.root.split("/").at(-1)}-outside`);
    mkdirSync(outside);
    writeFileSync(join(outside, "victim.md"), "Mine.");
    project.write("workflows/keep.txt", "");
    symlinkSync(join(outside, "victim.md"), join(project.root, "workflows", "victim.md"));
    symlinkSync(join(outside, "nothing.md"), join(project.root, "workflows", "dangling.md"));
    for (const name of ["victim", "dangling"]) {
      const error = await project.error("workflows_save", { name, text, overwrite: true });
      expect(error.code).toBe("forbidden");
      expect(JSON.stringify(error)).not.toContain(outside);
    }
    expect(readFileSync(join(outside, "victim.md"), "utf8")).toBe("Mine.");
    expect(readdirSync(outside)).toEqual(["victim.md"]);
  });

  test("writes through a link within the folder, and keeps it a link", async () => {
    project.write("workflows/real.md", text);
    symlinkSync("real.md", join(project.root, "workflows", "alias.md"));
    const changed = `---\ntitle: New\n${steps}---\n`;
    await project.call("workflows_save", { name: "alias", text: changed, overwrite: true });
    expect(read("workflows/real.md")).toBe(changed);
  });

  test("lets one of many that save the same name at once win", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        project.outcome("workflows_save", { name: "race", text: `---\ntitle: T${at}\n${steps}---\n` }),
      ),
    );
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    expect(outcomes.flatMap((one) => (one.ok ? [] : [one.error.code]))).toEqual(Array(7).fill("conflict"));
    expect(readdirSync(join(project.root, "workflows"))).toEqual(["race.md"]);
  });
});

test("the workflows folder may be another one", async () => {
  const env = {
    ...process.env,
    SAVEPOINT_CONFIG_HOME: join(project.root, "home"),
    SAVEPOINT_WORKFLOWS: "automation/daily",
  };
  project.use(await project.open({ env }));
  expect(await project.call("workflows_list")).toMatchObject({
    problems: [
      {
        severity: "warning",
        file: "automation/daily",
        message: "there is no folder automation/daily/",
        hint: expect.stringContaining("savepoint workflows init"),
      },
    ],
  });
  await project.call("workflows_save", { name: "fresh", text: `---\n${steps}---\n` });
  expect(await project.call("workflows_list")).toMatchObject({ problems: [] });
  expect(existsSync(join(project.root, "automation/daily/fresh.md"))).toBe(true);
  expect(await project.call("workflows_get", { workflow: "fresh" })).toMatchObject({
    target: "automation/daily/fresh.md",
  });
});

test("a target that is the bare name of a definition's file suggests the file in its folder", async () => {
  project.write("workflows/race1.yaml", steps);
  for (const target of ["race1.yaml", "race1.md"]) {
    expect(await project.error("executions_run", { target })).toMatchObject({
      code: "not_found",
      hint: 'Did you mean "workflows/race1.yaml"?',
    });
  }
});

test("a step that names both a flow and a definition is told, with the targets of both", async () => {
  project.write("workflows/review.yaml", steps);
  const text = "steps: [{ id: x, type: workflow, workflow: review }]";
  expect(await project.call("workflows_validate", { text, format: "yaml" })).toMatchObject({
    valid: false,
    problems: [
      { code: "unknown_workflow", message: expect.stringMatching(/workflows\/review\.yaml, flows\/review\.ts/) },
    ],
  });
});

test("a step's input and functions are compared with the workflow and the module that it names", async () => {
  project.write("workflows/child.yaml", `inputs: { n: { type: integer, required: true } }\n${steps}`);
  project.write("workflows/parent/tools.ts", "export function double() {}\n");
  project.write(
    "workflows/parent/workflow.yaml",
    "steps: [{ id: a, type: workflow, workflow: child, input: { n: x } }, { id: b, type: function, function: duble }]",
  );
  expect(await project.call("workflows_validate", { workflow: "parent" })).toMatchObject({
    valid: false,
    problems: [
      { message: "the input n must be of the type integer" },
      { message: "tools.ts exports no duble", hint: 'Did you mean "double"?' },
    ],
  });
});
