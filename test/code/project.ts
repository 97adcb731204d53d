import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect } from "vitest";
import { type Code, type CodeOptions, createCode } from "../../src/code/code.ts";
import type { Version } from "../../src/code/version.ts";
import { UserError } from "../../src/core/errors.ts";

const run = promisify(execFile);

/** A project in a temporary folder, with the real code service on it. */
export interface TestProject {
  root: string;
  code: Code;
  versions: Map<string, Version>;
  saved: string[];
  write(files: Record<string, string>): Promise<void>;
  /** Another service on the same folder, as another process would open it. */
  open(options?: Partial<CodeOptions>): Code;
}

const roots: string[] = [];

afterEach(async () => {
  for (const root of roots.splice(0)) {
    expect(await processesOf(root), "processes left behind").toEqual([]);
    await rm(root, { recursive: true, force: true });
  }
});

export async function makeProject(
  files: Record<string, string>,
  options: Partial<CodeOptions> = {},
): Promise<TestProject> {
  const root = await temporaryFolder();
  const versions = new Map<string, Version>();
  const saved: string[] = [];
  const catalog = {
    find: (hash: string) => versions.get(hash),
    save(version: Version) {
      saved.push(version.hash);
      versions.set(version.hash, version);
    },
  };
  const open = (more: Partial<CodeOptions> = {}) =>
    createCode({
      projectRoot: root,
      versionsFolder: join(root, ".savepoint/versions"),
      savepointEntry: new URL("./fixtures/savepoint.ts", import.meta.url),
      catalog,
      ...more,
    });
  const write = (more: Record<string, string>) => writeFiles(root, more);
  await write({ "package.json": '{ "type": "module" }', ...files });
  return { root, code: open(options), versions, saved, write, open };
}

export async function temporaryFolder(): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "savepoint code #1 %41ü-")));
  roots.push(root);
  return root;
}

export async function writeFiles(root: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** The text of a file that exports one flow of that name. */
export function flowFile(name: string, body = "return 1;"): string {
  return `import { flow } from "savepoint";\nexport const ${name} = flow("${name}", async () => { ${body} });\n`;
}

/** A package as npm would have installed it. */
export function installed(
  name: string,
  version: string,
  text = `export const version = "${version}";`,
): Record<string, string> {
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify({
      name,
      version,
      type: "module",
      exports: { ".": "./index.js" },
    }),
    [`node_modules/${name}/index.js`]: text,
  };
}

export async function userError(promise: Promise<unknown>): Promise<UserError> {
  const error: unknown = await promise.then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw new Error(`no UserError: ${String(error)}`, { cause: error });
  return error;
}

/** `load` takes the version resolved last; `run` resolves, loads and runs. */
export type Step =
  | { resolve: string }
  | { load: string }
  | { run: string }
  | { write: Record<string, string> }
  | { remove: string }
  | { changes: true };

export interface StepResult {
  value?: unknown;
  /** The flow object was the one of the step before. */
  same?: boolean;
  name?: string;
  message?: string;
  stack?: string;
  code?: string;
  [fact: string]: unknown;
}

/**
 * Takes the steps in a process of their own, as a worker would: inside of vitest, vite would resolve what a version
 * imports.
 */
export async function runInProcess(root: string, steps: Step[]): Promise<(StepResult | null)[]> {
  const { stdout } = await run(process.execPath, [workerScript, JSON.stringify({ root, steps })], { cwd: tmpdir() });
  return JSON.parse(stdout) as StepResult[];
}

export const workerScript = fileURLToPath(new URL("./fixtures/worker.ts", import.meta.url));

/** Processes that name the project on their command line; its path ends with characters that no other one has. */
export async function processesOf(root: string): Promise<string[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,stat=,args="], { maxBuffer: 10 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line.includes(root.slice(-6)) && !/^\s*\d+\s+Z/.test(line));
}
