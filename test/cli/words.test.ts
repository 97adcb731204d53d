import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestProject, until } from "../processes/project.ts";
import { type Item, json, savepoint, start } from "./command.ts";
import { flowsProject } from "./flows.ts";

let project: TestProject;
beforeAll(() => {
  project = flowsProject();
});
afterAll(() => project.close());

const run = (...args: string[]) => json(project, ["run", "review", "-i", "topic=tea", "--wait", "20", ...args], 4);
const lines = (text: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

describe("running", () => {
  test("ends with 4 where it asks, and says how to answer; the answer completes it", async () => {
    const { code, stdout, stderr } = await savepoint(project, ["run", "review", "-i", "topic=tea", "--wait", "20"]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^\? waiting {2}review {2}[0-9a-f]{8}-[0-9a-f]{4}\n.*Publish it\?/s);
    const [, command = ""] = /`savepoint (answer \S+ true)`/.exec(stderr) ?? [];
    const answered = await savepoint(project, command.split(" "));
    expect(answered).toMatchObject({ code: 0 });
    expect(answered.stdout).toContain("Draft for tea");
  });

  test("takes fields as JSON, and as text where the workflow wants text", async () => {
    const { item } = await json(project, ["run", "review", "-i", "topic=42", "-i", "words=3", "--wait", "20"], 4);
    const shown = await json(project, ["show", item.execution_id]);
    expect(shown.item["input"]).toEqual({ topic: "42", words: 3 });
    const laid = await json(project, ["run", "hello", "--input", '{"a":1,"b":1}', "-i", "b=[2]", "--wait", "20"]);
    expect(laid.item.result).toEqual({ input: { a: 1, b: [2] } });
  });

  test("ends with 1 where the execution fails and 3 where it is cancelled", async () => {
    const failed = await json(project, ["run", "fails", "--wait", "20"], 1);
    expect(failed).toMatchObject({ command: "executions.run", item: { status: "failed" } });
    expect((await savepoint(project, ["retry", failed.item.execution_id, "--wait", "20"])).code).toBe(1);
    const { item } = await run();
    expect(await json(project, ["cancel", item.execution_id])).toMatchObject({ item: { status: "cancelled" } });
    expect((await savepoint(project, ["show", item.execution_id, "--wait", "1"])).code).toBe(3);
    expect((await savepoint(project, ["show", item.execution_id])).code).toBe(0);
  });

  test("ends with 0 and a notice where it still runs, and -q leaves the notice out", async () => {
    const { code, stderr, stdout } = await savepoint(project, ["run", "gated", "--wait", "0"]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/queued|running/) });
    expect(stderr).toMatch(/`savepoint show \S+ --wait 30`/);
    expect((await savepoint(project, ["show", "-q"])).stderr).toBe("");
    project.write("gate", "");
    expect((await savepoint(project, ["show", "--wait", "20"])).code).toBe(0);
  });

  test("replays with other outputs, and shows the plan", async () => {
    const { item } = await run();
    const plan = await savepoint(project, ["replay", item.execution_id, "--dry-run"]);
    expect(plan).toMatchObject({ code: 0, stdout: expect.stringMatching(/runs again\s+draft/) });
    const args = ["replay", item.execution_id, "--set", "checkpoint.draft=Better", "--wait", "20"];
    const replayed = await json<{ item: { execution: Item["item"] } }>(project, args, 4);
    const id = replayed.item.execution.execution_id;
    expect((await json(project, ["answer", id, "true"])).item.result).toBe("Better");
    expect((await savepoint(project, ["show", id])).stdout).toMatch(/✎ draft +overridden/);
  });

  test("pauses and resumes", async () => {
    const { item } = await run();
    expect((await json(project, ["pause", item.execution_id])).item.status).toBe("paused");
    expect((await json(project, ["resume", item.execution_id])).command).toBe("executions.resume");
  });
});

describe("following without a terminal", () => {
  test("writes a line for each thing, ends with 4 where it asks, and says how to answer", async () => {
    const { code, stdout, stderr } = await savepoint(project, [
      "run",
      "review",
      "-i",
      "topic=tea",
      "--follow",
      "--logs",
    ]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/✓ draft .*\? approve/s);
    expect(stdout).toContain("drafting tea");
    expect(stderr).toMatch(/savepoint answer \S+ true/);
    const last = await savepoint(project, ["show", "--follow"]);
    expect(last).toMatchObject({ code: 4, stdout: expect.stringContaining("? approve") });
  });

  test("ends with 4 where a child asks, and says how to look at it", async () => {
    const { code, stderr } = await savepoint(project, ["run", "asksBelow", "--follow"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/below it asks something \(asks\): `savepoint show \S+` shows what/);
    const shown = await savepoint(project, ["show"]);
    expect(shown.stdout).toMatch(/Children\n.*asks {2}waiting {2}\S+ {2}asks 1 question/);
  });

  test("as JSON is one event for each line, and the execution in the last", async () => {
    const ended = await savepoint(project, ["run", "hello", "--follow", "--output", "json"]);
    const told = lines(ended.stdout);
    expect(ended.code).toBe(0);
    expect(told.slice(0, -1).map(({ event }) => event.type)).toEqual([
      "execution_created",
      "execution_started",
      "execution_completed",
    ]);
    expect(told.at(-1)).toMatchObject({ command: "executions.run", item: { status: "completed" } });
  });

  test("an answer can be followed, and logs and events until the end", async () => {
    const { item } = await run();
    const id = item.execution_id;
    const logs = start(project, ["logs", id, "-f"]);
    const events = start(project, ["events", id, "-f", "--output", "json"]);
    await until(
      "both to follow",
      () => logs.written().includes("drafting") && events.written().includes("wait_opened"),
    );
    const answered = await savepoint(project, ["answer", id, "false", "--follow"]);
    expect(answered).toMatchObject({ code: 0, stdout: expect.stringContaining("Rejected") });
    expect(await logs.ended).toMatchObject({ code: 0, stderr: "It is completed.\n" });
    const told = lines((await events.ended).stdout);
    expect(told.at(-2)?.event.type).toBe("execution_completed");
    expect(told.at(-1)?.item.status).toBe("completed");
  });
});

describe("what comes from workflows", () => {
  test("cannot steer the terminal, in answers, logs and errors", async () => {
    await savepoint(project, ["run", "talks", "--wait", "20"]);
    const logs = await savepoint(project, ["logs"], { env: { FORCE_COLOR: "1" } });
    expect(logs.stdout).toContain("red and ␛[2J steering");
    expect(logs.stdout).not.toContain("\x1b[2J");
    const failed = await savepoint(project, ["run", "fails", "--wait", "20"]);
    expect(failed.stdout).toContain("broken ␛]0;owned␇");
    const commands = [["list"], ["show"], ["events"], ["status"], ["show", "--output", "json"]];
    const told = await Promise.all(commands.map(async (args) => ({ args, ...(await savepoint(project, args)) })));
    for (const { args, stdout, stderr } of told) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is what is tested
      expect(stdout + stderr, args.join(" ")).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
    }
  });
});

describe("writing", () => {
  test("a reader that has seen enough ends the command quietly", async () => {
    for (const args of [["list"], ["help", "run"]]) {
      const command = start(project, args);
      command.child.stdout?.destroy();
      expect(await command.ended).toMatchObject({ code: 0, stderr: "" });
    }
  });

  test("tables fit COLUMNS, and colours come only when asked for", async () => {
    const plain = await savepoint(project, ["list"], { env: { COLUMNS: "60" } });
    for (const line of plain.stdout.split("\n")) expect([...line].length).toBeLessThanOrEqual(60);
    expect((await savepoint(project, ["list"], { env: { FORCE_COLOR: "1" } })).stdout).toContain("\x1b[1m");
    expect((await savepoint(project, ["list", "--no-color"], { env: { FORCE_COLOR: "1" } })).stdout).not.toContain(
      "\x1b",
    );
  });

  test("the inbox shows every question with the command that answers it", async () => {
    const { item } = await run();
    const { stdout } = await savepoint(project, ["inbox"]);
    expect(stdout).toContain("Publish it?");
    const commands = [...stdout.matchAll(/savepoint answer (\S+)/g)].map(([, id = ""]) => id);
    expect(commands.some((id) => item.execution_id.startsWith(id))).toBe(true);
    expect((await json<{ command: string }>(project, ["inbox"])).command).toBe("executions.waits");
  });
});
