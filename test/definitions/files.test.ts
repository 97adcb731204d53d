import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readCatalogue, readDefinitionFile } from "../../src/definitions/files/catalogue.ts";
import { listDefinitionFiles } from "../../src/definitions/files/listing.ts";

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "savepoint-definitions-"));
  folder = join(root, "workflows");
  mkdirSync(folder);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const steps = "steps: [{ id: x, type: sleep, duration: 1s }]\n";

function write(files: Record<string, string | Uint8Array>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

function told(problems: readonly { file: string; severity: string; code: string }[]): string[] {
  return problems.map(({ file, severity, code }) => `${file} ${severity} ${code}`);
}

describe("a folder of definitions", () => {
  test("holds files and folders, named by their stems unless they say otherwise", () => {
    write({
      "daily-brief.md": "Work.",
      "nightly.yaml": steps,
      "Old_Report.toml": '[steps.x]\ntype = "sleep"\nduration = "1s"\n',
      "code_review/workflow.md": "Review.",
      "code_review/tools.ts": "export const x = 1;",
      "named.yml": `name: other\n${steps}`,
    });
    const { definitions, problems } = readCatalogue(folder);
    expect(problems).toEqual([]);
    expect(definitions.map(({ name, file }) => [name, file.path, file.folder])).toEqual([
      ["old-report", "Old_Report.toml", undefined],
      ["code-review", "code_review/workflow.md", "code_review"],
      ["daily-brief", "daily-brief.md", undefined],
      ["other", "named.yml", undefined],
      ["nightly", "nightly.yaml", undefined],
    ]);
  });

  test("that is not there holds none", () => {
    expect(readCatalogue(join(root, "nothing"))).toEqual({ definitions: [], problems: [] });
  });

  test("keeps what is no definition out: hidden files, a README, other kinds of files", () => {
    write({ ".draft.md": "x", "_old.md": "x", "README.md": "# Read me", "notes.txt": "x", "data/rows.csv": "x" });
    expect(listDefinitionFiles(folder)).toEqual({ files: [], problems: [] });
  });

  test("reads of several files for one definition its folder, then TOML, then YAML, and tells the others", () => {
    write({
      "brief.md": "Work.",
      "brief.toml": '[steps.x]\ntype = "sleep"\nduration = "1s"\n',
      "brief.yaml": steps,
      "daily_report/workflow.md": "Work.",
      "daily-report.toml": '[steps.x]\ntype = "sleep"\nduration = "1s"\n',
    });
    const { files, problems } = listDefinitionFiles(folder);
    expect(files.map(({ path }) => path)).toEqual(["brief.toml", "daily_report/workflow.md"]);
    expect(told(problems)).toEqual([
      "brief.yaml warning shadowed_file",
      "brief.md warning shadowed_file",
      "daily-report.toml warning shadowed_file",
    ]);
  });

  test("tells two definitions of one name, and keeps the first by path", () => {
    write({ "a.yaml": `name: same\n${steps}`, "b.yaml": `name: same\n${steps}` });
    const { definitions, problems } = readCatalogue(folder);
    expect(definitions.map(({ file }) => file.path)).toEqual(["a.yaml"]);
    expect(told(problems)).toEqual(["b.yaml error duplicate_name"]);
  });

  test("lists a definition that is wrong under its name, beside those that are right", () => {
    write({ "good.yaml": steps, "bad.yaml": "steps: [{ id: x, type: slep }]", "worse.yaml": "steps: [" });
    const { definitions, problems } = readCatalogue(folder);
    expect(definitions.map(({ name, definition }) => [name, definition !== undefined])).toEqual([
      ["bad", false],
      ["good", true],
      ["worse", false],
    ]);
    expect(told(problems)).toContain("bad.yaml error unknown_type");
  });

  test("has each file read alone, as when it has changed", () => {
    write({ "a_b/workflow.yaml": steps });
    const file = { path: "a_b/workflow.yaml", folder: "a_b" };
    expect(readDefinitionFile(folder, file)).toMatchObject({ name: "a-b", problems: [], definition: { name: "a-b" } });
    write({ "a_b/workflow.yaml": "steps: [" });
    expect(readDefinitionFile(folder, file)).toMatchObject({ name: "a-b", definition: undefined });
  });

  test("looks for the modules of functions beside the definition, and nowhere else", () => {
    const steps = (module: string) => `steps: [{ id: x, type: function, function: f, module: "${module}" }]`;
    write({
      "a_b/workflow.yaml": steps("tools.ts"),
      "a_b/tools.ts": "export const f = () => 1;",
      "c/workflow.yaml": steps("../a_b/tools.ts"),
    });
    expect(told(readCatalogue(folder).problems)).toEqual([
      "c/workflow.yaml error invalid_field",
      "c/workflow.yaml error unknown_module",
    ]);
  });
});

describe("a hostile file", () => {
  test("is not followed out of the folder, neither by a file nor by a folder", () => {
    writeFileSync(join(root, "outside.md"), "Secret.");
    mkdirSync(join(root, "elsewhere"));
    writeFileSync(join(root, "elsewhere", "workflow.md"), "Secret.");
    symlinkSync("../outside.md", join(folder, "link.md"));
    symlinkSync("../elsewhere", join(folder, "linked"));
    write({ "real.md": "Work.", "in_folder/keep.txt": "" });
    symlinkSync("../../outside.md", join(folder, "in_folder", "workflow.md"));
    const { definitions, problems } = readCatalogue(folder);
    expect(definitions.flatMap(({ definition }) => definition?.name ?? [])).toEqual(["real"]);
    expect(told(problems)).toEqual(["in_folder/workflow.md error hostile", "link.md error hostile"]);
    expect(JSON.stringify(problems)).not.toContain("Secret");
  });

  test("may be a link within the folder", () => {
    write({ "real.md": "Work." });
    symlinkSync("real.md", join(folder, "alias.md"));
    expect(readCatalogue(folder).definitions.map(({ name }) => name)).toEqual(["alias", "real"]);
  });

  test("is told when it is too large, no text, a pipe, or a link to nothing, without its absolute path", () => {
    write({ "large.md": "x".repeat(1024 * 1024 + 1), "latin.md": Uint8Array.of(0x61, 0xff), "nul.md": "a\0b" });
    symlinkSync("nothing.md", join(folder, "dangling.md"));
    spawnSync("mkfifo", [join(folder, "pipe.md")]);
    const { problems } = readCatalogue(folder);
    expect(told(problems)).toEqual([
      "dangling.md error not_readable",
      "large.md error too_large",
      "latin.md error not_readable",
      "nul.md error not_readable",
      "pipe.md error not_readable",
    ]);
    expect(JSON.stringify(problems)).not.toContain(root);
  });
});

test("1,000 definitions are read and validated in under 1.5 s of work", () => {
  for (let index = 0; index < 1_000; index++) {
    write({ [`flow-${index}.md`]: `---\ninputs: { topic: x }\n${steps}---\nWrite about {{ topic }}.\n` });
  }
  const before = process.cpuUsage();
  const { definitions, problems } = readCatalogue(folder);
  const { user, system } = process.cpuUsage(before);
  expect(definitions).toHaveLength(1_000);
  expect(problems).toEqual([]);
  expect((user + system) / 1_000).toBeLessThan(1_500);
});
