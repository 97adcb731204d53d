import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { wordsOf } from "../../src/cli/command-form.ts";
import { catalogue } from "../../src/tools/catalogue.ts";
import type { TestProject } from "../processes/project.ts";
import { type Item, json, savepoint } from "./command.ts";
import { flowsProject } from "./flows.ts";

let project: TestProject;
beforeAll(() => {
  project = flowsProject();
});
afterAll(() => project.close());

interface Listed {
  command: string;
  items: { execution_id: string; workflow: string; operation: string; command: string }[];
  count: number;
  next_cursor: string | null;
  total: number;
  total_is_exact: boolean;
}
interface Failed {
  command: string | null;
  error: { code: string; message: string; hint: string | null; details: Record<string, unknown> | null };
}

describe("the first help", () => {
  test("is what the bare command shows, with the everyday words and examples", async () => {
    const { code, stdout, stderr } = await savepoint(project, []);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/Run and answer:\n {2}run {2}.*Look:\n.*Steer:\n.*Examples:\n {2}savepoint run/s);
    expect(await savepoint(project, ["--help"])).toMatchObject({ code: 0, stdout });
  });

  test("loads neither schemas nor tables nor prompts", async () => {
    for (const args of [["--version"], ["--help"]]) {
      const { stderr } = await savepoint(project, args, { env: { NODE_DEBUG: "esm" } });
      expect(stderr).toContain("commander");
      expect(stderr).not.toMatch(/node_modules\/(zod|cli-table3|@clack)|tools\/catalogue/);
    }
  });
});

describe("operations as commands", () => {
  test("every one is there, with its description, its fields and an example", async () => {
    const { items } = await json<Listed>(project, ["operations"]);
    expect(items.map(({ operation }) => operation)).toEqual(catalogue.map(({ name }) => name));
    const helps = await Promise.all(
      catalogue.map(async ({ name, input }) => ({
        name,
        fields: Object.keys(input.shape),
        help: await savepoint(project, [...wordsOf(name).split(" "), "--help"]),
      })),
    );
    for (const { name, fields, help } of helps) {
      expect(help, name).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout, name).toContain(`savepoint ${wordsOf(name)}`);
      for (const field of fields) expect(help.stdout, name).toContain(field.replaceAll("_", "-"));
    }
  });

  test("take flags, files, stdin and records, and answer in one envelope", async () => {
    project.write("input.json", '{"from":"file"}');
    const run = async (input: string, stdin = "") => {
      const args = ["executions", "run", "hello", "--input", input, "--wait-seconds", "20", "--output", "json"];
      const { item } = JSON.parse((await savepoint(project, args, { input: stdin })).stdout) as Item;
      return item.result;
    };
    expect(await run('{"typed":true}')).toEqual({ input: { typed: true } });
    expect(await run("@input.json")).toEqual({ input: { from: "file" } });
    expect(await run("-", "[1]")).toEqual({ input: [1] });
    expect(await run("plain text")).toEqual({ input: "plain text" });
    const { command, item } = await json(project, ["executions", "latest"]);
    expect({ command, status: item.status }).toEqual({ command: "executions.latest", status: "completed" });
    const byPlace = await json(project, ["executions", "get", item.execution_id.slice(0, 18)]);
    expect(byPlace.item.execution_id).toBe(item.execution_id);
    const byFlag = await json(project, ["executions", "get", "--execution-id", item.execution_id]);
    expect(byFlag.item).toEqual(byPlace.item);
    const replayed = await json<{ item: { plan: { rerun: string[] } } }>(project, [
      ...["executions", "replay", item.execution_id, "--dry-run", "--overrides", 'checkpoint.none="x"'],
    ]).catch((error: unknown) => String(error));
    expect(JSON.stringify(replayed)).toContain("none");
  });

  test("list with the count, the cursor and the total", async () => {
    await json(project, ["run", "hello", "--tags", "one", "--tags", "two"]);
    await json(project, ["run", "hello", "--tags", "one"]);
    const page = await json<Listed>(project, ["executions", "list", "--tags", "one", "--limit", "1"]);
    expect(page).toMatchObject({ command: "executions.list", count: 1, total: 2, total_is_exact: true });
    const rest = await json<Listed>(project, [
      "list",
      "--tags",
      "one",
      "--limit",
      "1",
      "--cursor",
      String(page.next_cursor),
    ]);
    expect(rest).toMatchObject({ command: "executions.list", count: 1, next_cursor: null });
    const both = await json<Listed>(project, ["list", "--tags", "one", "--tags", "two"]);
    expect(both.items).toEqual([...rest.items]);
  });
});

describe("mistakes", () => {
  test.concurrent.each([
    [["lst"], "unknown command 'lst'", "Did you mean list?"],
    [["executions", "gt"], "unknown command 'gt'", "Did you mean get?"],
    [["list", "--statsu", "failed"], "unknown option '--statsu'", "Did you mean --status?"],
    [["list", "--status", "fialed"], "--status must be one of", "Did you mean failed?"],
    [["list", "--limit", "many"], '--limit must be a number; it is "many"', ""],
    [["list", "--limit", "900"], "--limit must be 200 or less; it is 900", "savepoint list --help"],
    [["run"], "missing required argument 'target'", "savepoint run --help"],
    [["executions", "get"], "<execution-id> is missing", "savepoint executions get 0199a3f2"],
    [["executions", "get", "a", "--execution-id", "b"], "execution-id is given twice", "Leave one"],
    [["run", "review", "-i", "topik=tea"], 'the field "topic" is missing', "Did you mean"],
    [["run", "review", "--input", "@none.json"], "the file none.json cannot be read", "@@"],
    [["run", "review", "-i", "topic"], "-i takes key=value", ""],
    [["secrets", "create", "a"], "takes one of ask, --from-env, --from-file, values", "Nothing was stored"],
    [["secrets", "create", "a", "--values", "KEY=x"], "--values cannot be typed", "@file.json"],
  ])("%j ends with 2 and says what to do", async (args, message, hint) => {
    const [{ code, stdout, stderr }, told] = await Promise.all([
      savepoint(project, args),
      savepoint(project, [...args, "--output", "json"]),
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain("executions_");
    const inJson = JSON.parse(told.stderr) as Failed;
    expect(inJson.error).toMatchObject({ code: "invalid_input", message: expect.stringContaining(message) });
  });

  test("what is not there ends with 1, and hints are commands", async () => {
    const { code, stderr } = await savepoint(project, ["show", "ffffffff"]);
    expect(code).toBe(1);
    expect(stderr).toContain("savepoint list");
    const failed = JSON.parse((await savepoint(project, ["cancel", "ffffffff", "--output", "json"])).stderr) as Failed;
    expect(failed).toMatchObject({ command: "executions.cancel", error: { code: "not_found" } });
  });

  test("an unknown form of output is refused with the known ones", async () => {
    const { code, stderr } = await savepoint(project, ["list", "--output", "yaml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("argument 'yaml' is invalid. Allowed choices are text, json.");
  });

  test.each([["list"], ["mcp"], ["worker"]])("%s says in words that a project folder does not exist", async (word) => {
    const { code, stdout, stderr } = await savepoint(project, [word, "--project", project.path("nowhere")]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/the project folder .*nowhere does not exist/);
  });

  test("a mistyped command touches no project", async () => {
    const elsewhere = project.path("elsewhere");
    project.write("elsewhere/flows/none.ts", "");
    await savepoint(project, ["list", "--limit", "x", "--project", elsewhere]);
    expect(project.lines("elsewhere/.savepoint/.gitignore")).toEqual([]);
  });
});
