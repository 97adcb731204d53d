import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type DefinitionIndex,
  type IndexOptions,
  listDefinitions,
} from "../../src/definitions/files/definition-index.ts";

let root: string;
let folder: string;
let index: MapIndex;
let problems: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "savepoint-index-"));
  folder = join(root, "workflows");
  mkdirSync(folder);
  index = new MapIndex();
  problems = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** An index in memory that counts what is written. */
class MapIndex implements DefinitionIndex {
  readonly rows = new Map<string, { stamp: string; summary: string }>();
  put = 0;
  saves = 0;

  load() {
    return new Map(this.rows);
  }

  save({ put, remove }: Parameters<DefinitionIndex["save"]>[0]) {
    this.saves += 1;
    this.put += put.length;
    for (const { path, ...row } of put) this.rows.set(path, row);
    for (const path of remove) this.rows.delete(path);
  }
}

/** As it is some time from now: what was just written has settled then. */
function list(given: Partial<IndexOptions> & { laterMs?: number } = {}) {
  const { laterMs = 5_000, ...options } = given;
  const onProblem = (message: string) => problems.push(message);
  const now = () => Date.now() + laterMs;
  return listDefinitions(folder, { index, prefix: "workflows", version: "1.0.0", now, onProblem, ...options });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const steps = "steps: [{ id: x, type: sleep, duration: 1s }]\n";

/** What the index holds is told apart from what a file says by a mark in the index. */
function mark(path: string): void {
  const row = index.rows.get(path);
  if (row === undefined) throw new Error(`${path} is not in the index`);
  index.rows.set(path, { ...row, summary: JSON.stringify({ ...JSON.parse(row.summary), title: "from the index" }) });
}

const titles = (given?: Parameters<typeof list>[0]) =>
  list(given).definitions.map(({ name, title }) => `${name}: ${title}`);

describe("the summary of a definition", () => {
  test("says what lists show, its input and its schedules", () => {
    write(
      "daily.yaml",
      `title: Daily brief
description: Sums up
tags: [news]
inputs: { topic: { type: string, required: true } }
triggers: [{ type: cron, cron: "0 9 * * 1-5", timezone: Europe/Berlin }, { type: event, event: go }]
steps:
  - { id: which, type: condition, field: "{{ topic }}", operator: exists, then: [{ id: x, type: emit, event: x }] }
  - { id: all, type: parallel, steps: [{ id: y, type: emit, event: y }, { id: z, type: emit, event: z }] }
`,
    );
    expect(list().definitions).toEqual([
      {
        name: "daily",
        title: "Daily brief",
        description: "Sums up",
        tags: ["news"],
        inputSchema: expect.objectContaining({ required: ["topic"] }),
        schedules: [{ cron: "0 9 * * 1-5", timezone: "Europe/Berlin", enabled: true }],
        steps: 5,
        errors: 0,
        warnings: 0,
        firstError: null,
        file: { path: "daily.yaml", folder: undefined },
      },
    ]);
  });

  test("of a broken file counts what is wrong and tells the first", () => {
    write("bad.yaml", "name: bad\nsteps:\n  - { id: x, type: slep }\n  - { id: y, type: llm }\n");
    expect(list().definitions).toMatchObject([
      { name: "bad", inputSchema: null, steps: 0, errors: 2, firstError: { line: 3, message: expect.any(String) } },
    ]);
  });

  test("knows nothing of what lies around the file, which may change without it", () => {
    write("a/workflow.yaml", "steps: [{ id: x, type: function, function: f }, { id: y, type: workflow, workflow: z }]");
    expect(list().definitions).toMatchObject([{ name: "a", errors: 0, warnings: 0 }]);
  });
});

describe("the index", () => {
  test("answers for a file that has not changed, and is not written again", () => {
    write("a.yaml", steps);
    expect(titles()).toEqual(["a: null"]);
    mark("workflows/a.yaml");
    expect(titles()).toEqual(["a: from the index"]);
    expect(index.saves).toBe(1);
  });

  test("is passed over where the size, a time, or the version of Savepoint is another", () => {
    for (const path of ["a.yaml", "b.yaml", "c.yaml"]) write(path, steps);
    list();
    for (const path of ["a", "b", "c"]) mark(`workflows/${path}.yaml`);
    write("a.yaml", `${steps}# more\n`);
    utimesSync(join(folder, "b.yaml"), new Date(1_000), new Date(1_000));
    expect(titles()).toEqual(["a: null", "b: null", "c: from the index"]);
    expect(titles({ version: "1.0.1" })).toEqual(["a: null", "b: null", "c: null"]);
  });

  test("is passed over for a file that replaced another with the same size and time", () => {
    write("a.yaml", `title: one\n${steps}`);
    const past = new Date(1_700_000_000_000);
    utimesSync(join(folder, "a.yaml"), past, past);
    list();
    rmSync(join(folder, "a.yaml"));
    write("a.yaml", `title: two\n${steps}`);
    utimesSync(join(folder, "a.yaml"), past, past);
    expect(titles()).toEqual(["a: two"]);
  });

  test("takes no file that was touched a moment ago: it may be written again within one tick of its times", () => {
    write("a.yaml", `title: one\n${steps}`);
    expect(titles({ laterMs: 0 })).toEqual(["a: one"]);
    expect(index.rows.size).toBe(0);
    list();
    expect(index.rows.size).toBe(1);
    mark("workflows/a.yaml");
    expect(titles({ laterMs: 0 })).toEqual(["a: one"]);
  });

  test("forgets files that are gone", () => {
    write("a.yaml", steps);
    write("b.yaml", steps);
    list();
    rmSync(join(folder, "a.yaml"));
    expect(list().definitions.map(({ name }) => name)).toEqual(["b"]);
    expect([...index.rows.keys()]).toEqual(["workflows/b.yaml"]);
  });

  test("that is damaged is read past and mended", () => {
    write("a.yaml", steps);
    list();
    for (const damage of ["", "{", '{"name":1}']) {
      const row = index.rows.get("workflows/a.yaml");
      index.rows.set("workflows/a.yaml", { stamp: row?.stamp ?? "", summary: damage });
      expect(titles()).toEqual(["a: null"]);
      expect(index.rows.get("workflows/a.yaml")?.summary).toContain('"name":"a"');
    }
  });

  test("that cannot be read or written keeps nothing from being listed", () => {
    write("a.yaml", steps);
    const broken: DefinitionIndex = {
      load() {
        throw new Error("the disk is gone");
      },
      save() {
        throw new Error("the disk is read-only");
      },
    };
    expect(list({ index: broken }).definitions.map(({ name }) => name)).toEqual(["a"]);
    expect(problems).toEqual(["the index of definitions cannot be read", "the index of definitions cannot be written"]);
  });
});

describe("a folder with an index", () => {
  test("tells names that are taken and files that are not read, also from the index", () => {
    write("a.yaml", `name: same\n${steps}`);
    write("b.yaml", `name: same\n${steps}`);
    write("c.yaml", steps);
    write("c.md", "Work.");
    for (let time = 0; time < 2; time++) {
      const { definitions, problems: found } = list();
      expect(definitions.map(({ file }) => file.path)).toEqual(["a.yaml", "c.yaml"]);
      expect(found.map(({ file, code }) => `${file} ${code}`)).toEqual(["c.md shadowed_file", "b.yaml duplicate_name"]);
    }
  });

  test("tells links that lead out, in circles or nowhere as broken files", () => {
    writeFileSync(join(root, "outside.md"), "Secret.");
    symlinkSync("../outside.md", join(folder, "out.md"));
    symlinkSync("circle.md", join(folder, "circle.md"));
    symlinkSync("nothing.md", join(folder, "nowhere.md"));
    for (let time = 0; time < 2; time++) {
      expect(list().definitions.map(({ name, errors }) => `${name} ${errors}`)).toEqual([
        "circle 1",
        "nowhere 1",
        "out 1",
      ]);
    }
    expect([...index.rows.values()].join()).not.toContain("Secret");
  });

  test("of 1,000 definitions lists each of them, cold, from the index, and after some have changed", () => {
    for (let at = 0; at < 1_000; at++) write(`flow-${at}.md`, `---\ntitle: T${at}\n${steps}---\n`);
    const cold = list().definitions;
    expect(cold).toHaveLength(1_000);
    expect(index.put).toBe(1_000);
    expect(list().definitions).toEqual(cold);
    expect(index.put).toBe(1_000);
    for (let at = 0; at < 10; at++) write(`flow-${at}.md`, `---\ntitle: Changed ${at}\n${steps}---\n`);
    const warm = list().definitions;
    expect(warm.filter(({ title }) => title?.startsWith("Changed"))).toHaveLength(10);
    expect(index.put).toBe(1_010);
    expect(readFileSync(join(folder, "flow-0.md"), "utf8")).toContain("Changed 0");
  });
});
