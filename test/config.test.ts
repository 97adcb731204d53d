import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { temporaryFolder } from "./helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = realpathSync(folder.path);
});
afterEach(() => folder.remove());

function write(settings: unknown): void {
  writeFileSync(
    join(root, "savepoint.config.json"),
    typeof settings === "string" ? settings : JSON.stringify(settings),
  );
}

test("the project is the flag, else the variable, else the working directory", () => {
  const [flag, variable, cwd] = ["flag", "variable", "cwd"].map((name) => {
    mkdirSync(join(root, name));
    return join(root, name);
  });
  const env = { SAVEPOINT_PROJECT: variable };
  expect(readConfig({ project: flag, env, cwd: cwd ?? "" }).projectRoot).toBe(flag);
  expect(readConfig({ env, cwd: cwd ?? "" }).projectRoot).toBe(variable);
  expect(readConfig({ env: {}, cwd: cwd ?? "" }).projectRoot).toBe(cwd);
});

test("a relative project is meant from the working directory", () => {
  mkdirSync(join(root, "here"));
  expect(readConfig({ project: "here", env: {}, cwd: root }).projectRoot).toBe(join(root, "here"));
});

test("a project folder that is not there is an error that says what to do", () => {
  expect(() => readConfig({ project: join(root, "nowhere"), env: {} })).toThrowError(
    expect.objectContaining({ code: "not_found", hint: expect.stringContaining("--project") }),
  );
});

test("started in the root of the file system, the project is in the user's data folder and the note says so", () => {
  const config = readConfig({ env: { XDG_DATA_HOME: root, HOME: root }, cwd: "/" });
  expect(config.projectRoot.startsWith(root)).toBe(true);
  expect(config.projectNote).toContain("SAVEPOINT_PROJECT");
});

test.skipIf(process.getuid?.() === 0)("a working directory that cannot be written is no project", () => {
  const closed = join(root, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  expect(readConfig({ env: { XDG_DATA_HOME: root }, cwd: closed }).projectNote).toContain("cannot be written");
});

test("the environment overrides the file, and numbers without a unit are seconds", () => {
  write({ worker: { concurrency: 3, lease: 20 } });
  const config = readConfig({ project: root, env: { SAVEPOINT_WORKER_CONCURRENCY: "7" } });
  expect(config.worker.concurrency).toBe(7);
  expect(config.worker.leaseMs).toBe(20_000);
  expect(config.worker.keepAliveMs).toBe(86_400_000);
});

test("prices of models are dollars for a million tokens", () => {
  write({
    models: { prices: { "openai:m": { input: 1, output: 2, cached_input: 0 }, "ollama:m": { input: 0, output: 0 } } },
  });
  expect(readConfig({ project: root, env: {} }).models.prices).toEqual({
    "openai:m": { input: 1, output: 2, cachedInput: 0 },
    "ollama:m": { input: 0, output: 0 },
  });
});

test("a switch is true or false in the file, and a word in the environment", () => {
  expect(readConfig({ project: root, env: {} }).worker).toMatchObject({ isolate: false, crashLimit: 3 });
  write({ worker: { isolate: true, crash_limit: 0 } });
  expect(readConfig({ project: root, env: {} }).worker).toMatchObject({ isolate: true, crashLimit: 0 });
  const env = { SAVEPOINT_WORKER_ISOLATE: "false", SAVEPOINT_WORKER_CRASH_LIMIT: "5" };
  expect(readConfig({ project: root, env }).worker).toMatchObject({ isolate: false, crashLimit: 5 });
});

test.each([
  [{ worker: { concurency: 3 } }, "concurency"],
  [{ worker: { isolate: "perhaps" } }, "worker.isolate: must be true or false"],
  [{ worker: { crash_limit: -1 } }, "worker.crash_limit"],
  [{ worker: { lease: "soon" } }, "worker.lease"],
  [{ models: { prices: { "openai:m": { input: -1, output: 1 } } } }, "models.prices.openai:m.input"],
  [{ models: { prices: { "openai:m": { input: 1 } } } }, "models.prices.openai:m.output"],
  [{ worker: { concurrency: 0 } }, "worker.concurrency"],
  ["{ not json", "not valid JSON"],
])("a wrong setting is named: %j", (settings, named) => {
  write(settings);
  expect(() => readConfig({ project: root, env: {} })).toThrowError(
    expect.objectContaining({ code: "invalid_input", message: expect.stringContaining(named) }),
  );
});

test("definitions lie in workflows/, or in another folder of the project", () => {
  expect(readConfig({ project: root, env: {} }).workflowsFolder).toBe(join(root, "workflows"));
  write({ workflows: { folder: "automation/daily" } });
  expect(readConfig({ project: root, env: {} }).workflowsFolder).toBe(join(root, "automation", "daily"));
  const env = { SAVEPOINT_WORKFLOWS: join(root, "other") };
  expect(readConfig({ project: root, env }).workflowsFolder).toBe(join(root, "other"));
});

test.each(["..", "../other", "/etc", "linked", "linked/below", ".savepoint", ".savepoint/definitions"])(
  "the folder of definitions cannot be %s",
  (given) => {
    const outside = temporaryFolder();
    symlinkSync(outside.path, join(root, "linked"));
    expect(() => readConfig({ project: root, env: { SAVEPOINT_WORKFLOWS: given } })).toThrowError(
      expect.objectContaining({ code: "invalid_input", hint: expect.stringContaining("SAVEPOINT_WORKFLOWS") }),
    );
    outside.remove();
  },
);

test("groups of operations are a list in the file, and separated by commas in the environment", () => {
  expect(readConfig({ project: root, env: {} }).mcp.groups).toEqual([]);
  write({ mcp: { groups: ["models"] } });
  expect(readConfig({ project: root, env: {} }).mcp.groups).toEqual(["models"]);
  const env = { SAVEPOINT_GROUPS: "executions, all" };
  expect(readConfig({ project: root, env }).mcp.groups).toEqual(["executions", "all"]);
});
