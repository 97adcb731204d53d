import { chmodSync, mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exit, TestProject } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

const fixture = fileURLToPath(new URL("./fixtures/open.ts", import.meta.url));
/** Nobody: a user who may write nothing. */
const nobody = 65_534;

async function openInProcess(env: NodeJS.ProcessEnv = {}, uid = 0): Promise<Record<string, string>> {
  const child = project.node([fixture, String(uid)], env);
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await exit(child);
  return JSON.parse(said) as Record<string, string>;
}

const refusal = (message: RegExp) => ({
  name: "UserError",
  code: "unavailable",
  message: expect.stringMatching(message),
  hint: expect.stringMatching(/\w{3}/),
});

describe("opening a project", () => {
  test("by several processes that make it together works, and only its owner may read it", async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => openInProcess()));
    expect(opened).toEqual(opened.map(() => ({ opened: project.root })));
    expect(statSync(project.path(".savepoint")).mode & 0o777).toBe(0o700);
    expect(statSync(project.path(".savepoint/savepoint.db")).mode & 0o777).toBe(0o600);
  });

  test("whose folder is a file is refused with what to do", async () => {
    const file = project.write("a-file", "");
    expect(await openInProcess({ SAVEPOINT_PROJECT: file })).toMatchObject(refusal(/a-file.*cannot be written/));
    expect(await openInProcess({ SAVEPOINT_PROJECT: project.path("nowhere") })).toMatchObject({
      name: "UserError",
      code: "not_found",
    });
  });

  test("whose state folder is a file is refused with what to do", async () => {
    project.write(".savepoint", "");
    expect(await openInProcess()).toMatchObject(refusal(/\.savepoint/));
  });

  // Root may write everywhere, so it steps down to a user who may not; nobody else can do that.
  test.skipIf(process.getuid?.() !== 0)("that may not be written is refused with what to do", async () => {
    chmodSync(project.root, 0o755);
    expect(await openInProcess({}, nobody)).toMatchObject(refusal(/cannot be written.*EACCES/));
    expect(await openInProcess()).toEqual({ opened: project.root });
    chmodSync(project.path(".savepoint"), 0o755);
    chmodSync(project.path(".savepoint/savepoint.db"), 0o644);
    expect(await openInProcess({}, nobody)).toMatchObject(refusal(/cannot be written/));
  });

  test("that a newer Savepoint has written is refused with what to do", async () => {
    await openInProcess();
    const database = new Database(project.path(".savepoint/savepoint.db"));
    database.pragma("user_version = 99");
    database.close();
    expect(await openInProcess()).toMatchObject(refusal(/schema 99/));
  });

  test("whose database is damaged is refused with what to do", async () => {
    mkdirSync(project.path(".savepoint"));
    project.write(".savepoint/savepoint.db", "this is no database ".repeat(1_000));
    expect(await openInProcess()).toMatchObject(refusal(/not a readable Savepoint database/));
  });
});
