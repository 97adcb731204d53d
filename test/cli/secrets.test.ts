import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openConnection } from "../../src/store/database.ts";
import type { TestProject } from "../processes/project.ts";
import { inTerminal, json, key, noTerminal, savepoint } from "./command.ts";
import { flowsProject } from "./flows.ts";

let project: TestProject;
beforeAll(() => {
  project = flowsProject();
});
afterAll(() => project.close());

const reveal = async (name: string, one: string) =>
  (await savepoint(project, ["secrets", "show", name, "--reveal", one])).stdout;

describe("setting secrets", () => {
  test("takes a value from stdin without its last newline, and never shows it unasked", async () => {
    const set = await savepoint(project, ["secrets", "set", "github", "TOKEN"], { input: "tok en-12345\n" });
    expect(set).toMatchObject({ code: 0, stdout: "✓ github: TOKEN\n" });
    expect(await reveal("github", "TOKEN")).toBe("tok en-12345");
    const shown = await savepoint(project, ["secrets", "show", "github"]);
    expect(shown.stdout).toContain("TOKEN");
    expect(shown.stdout + set.stderr).not.toContain("tok en-12345");
    const { item } = await json<{ item: object }>(project, ["secrets", "show", "github"]);
    expect(item).toEqual({
      name: "github",
      keys: ["TOKEN"],
      visibility: "shared",
      workflows: null,
      created_at: expect.any(String),
    });
    const listed = await savepoint(project, ["secrets", "list"]);
    expect(listed.stdout).toContain("github");
    expect(listed.stdout).not.toContain("tok en-12345");
  });

  test("takes values from the environment and from files, and keeps the other keys", async () => {
    project.write("token.txt", "from-a-file");
    const env = { MY_TOKEN: "from-the-environment" };
    const args = ["secrets", "set", "github", "--from-env", "A=MY_TOKEN", "--from-file", "B=token.txt"];
    expect((await savepoint(project, args, { env })).stdout).toContain("A, B, TOKEN");
    expect(await reveal("github", "A")).toBe("from-the-environment");
    expect(await reveal("github", "B")).toBe("from-a-file");
    expect(await reveal("github", "TOKEN")).toBe("tok en-12345");
  });

  test("says which workflows may read a secret, with a value or without, and lifts it again", async () => {
    const set = (...args: string[]) =>
      savepoint(project, ["secrets", "set", "scoped", ...args], { input: "its-value" });
    expect((await set("KEY", "--workflow", "nightly")).stdout).toBe("✓ scoped: KEY; only for nightly\n");
    expect((await set("--workflow", "release", "--workflow", "nightly")).stdout).toContain("only for nightly, release");
    expect((await savepoint(project, ["secrets", "show", "scoped"])).stdout).toContain("only for nightly, release");
    expect((await savepoint(project, ["secrets", "list"])).stdout).toContain("release");
    expect((await set("KEY")).stdout).toContain("only for nightly, release");
    expect((await set("--all-workflows")).stdout).toBe("✓ scoped: KEY\n");
    expect(await reveal("scoped", "KEY")).toBe("its-value");
    const both = await set("--all-workflows", "--workflow", "nightly");
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("the opposite") });
    expect((await savepoint(project, ["secrets", "set", "none", "--workflow", "nightly"])).code).toBe(1);
  });

  test("warns of a workflow that has never run, and names the nearest", async () => {
    await savepoint(project, ["run", "hello"]);
    const set = await savepoint(project, ["secrets", "set", "scoped", "--workflow", "Hello", "--workflow", "hello"]);
    expect(set).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no workflow "Hello" has run here so far. Did you mean "hello"?'),
    });
    expect(set.stderr).not.toContain('no workflow "hello"');
  });

  test.each([
    [["github", "TOKEN=typed-value"], "the value of TOKEN cannot be typed", "stdin"],
    [["github"], "there is no key to set", "savepoint secrets set github TOKEN"],
    [["github", "A", "B"], "stdin gives the value of one key only", "--from-env"],
    [["github", "A"], "the value of A is empty", "printf"],
    [["github", "A", "--from-env", "A=HOME"], "A is given twice", ""],
  ])("refuses %j and says what to do instead", async (args, message, hint) => {
    const { code, stderr, stdout } = await savepoint(project, ["secrets", "set", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain("typed-value");
  });

  test("refuses a value that is a word of Savepoint's answers, without repeating it", async () => {
    const set = await savepoint(project, ["secrets", "set", "word", "KEY"], { input: "execution_id" });
    expect(set).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("KEY is a word of Savepoint's") });
    expect(set.stderr).not.toContain("execution_id");
  });

  test("creating takes values from stdin only, and a name once", async () => {
    const args = ["secrets", "create", "other", "--values", "-"];
    const created = await savepoint(project, args, { input: '{"KEY":"created-value"}' });
    expect(created.code).toBe(0);
    expect(created.stdout).not.toContain("created-value");
    expect(await reveal("other", "KEY")).toBe("created-value");
    const again = await savepoint(project, args, { input: '{"KEY":"x-another-value"}' });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("secrets set") });
  });
});

describe("showing and deleting", () => {
  test("reveals all values when asked, and names the nearest key", async () => {
    const all = await json<{ item: { values: object } }>(project, ["secrets", "show", "other", "--reveal"]);
    expect(all.item.values).toEqual({ KEY: "created-value" });
    const mistyped = await savepoint(project, ["secrets", "show", "other", "--reveal", "KYE"]);
    expect(mistyped).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean "KEY"?') });
    expect((await savepoint(project, ["secrets", "show", "none"])).code).toBe(1);
  });

  test("deletes only with --yes where nobody can be asked", async () => {
    const refused = await savepoint(project, ["secrets", "delete", "other"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    expect(await savepoint(project, ["secrets", "delete", "other", "--yes"])).toMatchObject({ code: 0 });
    expect((await savepoint(project, ["secrets", "delete", "other", "--yes"])).code).toBe(1);
  });
});

describe("what cannot go well", () => {
  test("is told in words where the database is not to be had", async () => {
    const connection = openConnection(join(project.root, ".savepoint", "savepoint.db"));
    connection.exec("BEGIN IMMEDIATE");
    const rotated = await savepoint(project, ["secrets", "rotate"]);
    connection.close();
    expect(rotated).toMatchObject({ code: 1, stderr: expect.stringContaining("another process holds the database") });
    expect(rotated.stderr).not.toMatch(/SqliteError|^ +at /m);
  }, 30_000);

  test("is shown where an older project has a secret that is a word of answers", async () => {
    const other = flowsProject();
    const app = await other.open();
    const values = { ID: "execution_id", FLOW: "workflow", AT: "created_at" };
    app.secrets.set({ name: "older", values, visibility: "shared" });
    const run = await savepoint(other, ["run", "hello", "--follow"]);
    expect(run).toMatchObject({ code: 0, stderr: expect.not.stringContaining("TypeError") });
    for (const args of [["run", "hello"], ["list"], ["show", "last"], ["status"], ["inbox"]]) {
      const { stdout, stderr } = await savepoint(other, args);
      expect(stderr, args.join(" ")).not.toMatch(/TypeError|internal error| at /);
      if (args[0] === "list") expect(stdout).toContain("[redacted older.ID]");
    }
    await other.close();
  }, 30_000);
});

describe.skipIf(noTerminal !== undefined)("at a terminal", () => {
  test("asks for each value without showing it, and refuses an empty one", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["secrets", "set", "asked", "ONE", "TWO"],
      [
        ["asked ONE", key.enter],
        ["It is empty", `hidden-one${key.enter}`],
        ["asked TWO", `hidden-two${key.enter}`],
      ],
    );
    expect(code).toBe(0);
    expect(screen).not.toContain("hidden-one");
    expect(await reveal("asked", "ONE")).toBe("hidden-one");
    expect(await reveal("asked", "TWO")).toBe("hidden-two");
  });

  test("leaving the prompt stores nothing, and deleting asks first", async () => {
    const left = await inTerminal(project, ["secrets", "set", "asked", "THREE"], [["asked THREE", key.interrupt]]);
    expect(left.code).toBe(1);
    const kept = await inTerminal(project, ["secrets", "delete", "asked"], [["Delete the secret", key.enter]]);
    expect(kept.code).toBe(1);
    expect(await reveal("asked", "ONE")).toBe("hidden-one");
    const deleted = await inTerminal(
      project,
      ["secrets", "delete", "asked"],
      [["Delete the secret", `${key.left}${key.enter}`]],
    );
    expect(deleted.code).toBe(0);
    expect((await savepoint(project, ["secrets", "show", "asked"])).code).toBe(1);
  });
});
