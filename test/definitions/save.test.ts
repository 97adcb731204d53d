import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SaveRequest, saveDefinition } from "../../src/definitions/files/save.ts";

let root: string;
let folder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "savepoint-save-"));
  folder = join(root, "workflows");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const steps = "steps: [{ id: x, type: sleep, duration: 1s }]\n";

/** Saves as a process does that looked when there was no definition yet. */
function save(request: Partial<SaveRequest>, folders = { projectRoot: root, folder }) {
  const listing = { definitions: [], problems: [] };
  const whole = { name: "brief", text: steps, format: "yaml", overwrite: false, ...request } as const;
  return saveDefinition(whole, { folders, listing, known: {} });
}

test("two processes that save one name at once, in two formats, leave one definition", () => {
  save({});
  const markdown = { text: `---\n${steps}---\n`, format: "markdown" } as const;
  for (const request of [markdown, { ...markdown, modules: { "tools.ts": "export const x = 1;" } }]) {
    expect(() => save(request)).toThrow(
      expect.objectContaining({ code: "conflict", message: expect.stringContaining("workflows/brief.yaml") }),
    );
  }
  expect(readdirSync(folder, { recursive: true }).filter((path) => String(path).includes("."))).toEqual(["brief.yaml"]);
});

test("a name whose file the folder leaves alone is refused, and nothing is written", () => {
  expect(() => save({ name: "readme" })).toThrow(
    expect.objectContaining({ code: "invalid_input", message: expect.stringContaining("readme.md is left alone") }),
  );
  expect(existsSync(folder)).toBe(false);
});

test("a workflows folder that is a file is told as such, with what to do", () => {
  writeFileSync(folder, "");
  expect(() => save({})).toThrow(
    expect.objectContaining({ code: "forbidden", message: expect.stringContaining("workflows/brief.yaml cannot be") }),
  );
});

test("a folder beside it that is a file is told as such, with what to do", () => {
  mkdirSync(folder);
  writeFileSync(join(folder, "brief"), "");
  expect(() => save({ modules: { "tools.ts": "" } })).toThrow(expect.objectContaining({ code: "conflict" }));
});

test.skipIf(process.platform !== "linux")("a folder that nobody may write to is told as such, with what to do", () => {
  const folders = { projectRoot: "/sys", folder: "/sys/workflows" };
  expect(() => save({}, folders)).toThrow(
    expect.objectContaining({
      code: "forbidden",
      message: expect.stringMatching(/^workflows\/brief\.yaml cannot be written: the /),
      hint: expect.stringContaining("SAVEPOINT_WORKFLOWS"),
    }),
  );
});
