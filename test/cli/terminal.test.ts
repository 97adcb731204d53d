import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { displayWidth, harmless } from "../../src/cli/terminal-text.ts";
import { type TestProject, until } from "../processes/project.ts";
import { inTerminal, json, key, noTerminal, savepoint, start } from "./command.ts";
import { flowsProject } from "./flows.ts";

let project: TestProject;
beforeAll(() => {
  project = flowsProject();
});
afterAll(() => project.close());

const newest = async () => (await json(project, ["show"])).item;

describe.skipIf(noTerminal !== undefined)("at a terminal", () => {
  test("a followed run asks what the flow asks, and ends as it ends", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["run", "review", "-i", "topic=tea", "--follow", "--logs"],
      [["Publish it?", key.enter]],
    );
    expect(code).toBe(0);
    expect(screen).toContain("drafting tea");
    expect(screen).toMatch(/✓.*draft/);
    expect(screen).toMatch(/✓.*approve.*answered/s);
    expect(screen).toContain("Draft for tea");
  });

  test("a form is asked field by field, checked as it is typed, and may leave out what is optional", async () => {
    const { code } = await inTerminal(
      project,
      ["run", "form", "--follow"],
      [
        [/publish/, key.enter],
        [/tone/, `${key.down}${key.enter}`],
        [/stars/, `9${key.enter}`],
        ["must be <= 5", `\x7f4${key.enter}`],
        [/comment \(optional\)/, key.enter],
        [/tags \(optional\)/, `${key.space}${key.enter}`],
        [/more \(optional\)/, `{x${key.enter}`],
        ["That is no JSON", `\x7f\x7f{"x":1}${key.enter}`],
      ],
    );
    expect(code).toBe(0);
    expect((await newest()).result).toEqual({ publish: true, tone: "warm", stars: 4, tags: ["a"], more: { x: 1 } });
  });

  test("options are chosen by their labels, with a comment if there is one", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["run", "choose", "--follow"],
      [
        [/Send it back/, `${key.down}${key.enter}`],
        [/Comment \(optional\)/, `Too long${key.enter}`],
      ],
    );
    expect(code).toBe(0);
    expect(screen).toContain("Publish it");
    expect((await newest()).result).toEqual({ option: "revise", comment: "Too long" });
    const short = await inTerminal(
      project,
      ["run", "choose", "--follow"],
      [
        [/Publish it/, key.enter],
        [/Comment \(optional\)/, key.enter],
      ],
    );
    expect(short.code).toBe(0);
    expect((await newest()).result).toBe("publish");
  });

  test("a long question is told once, above the prompt, which shows all that can be chosen", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["run", "long", "--follow"],
      [
        [/Publish all this\?.*Publish it.*Send it back/s, key.down],
        [/●.*Send it back/s, key.enter],
        [/Comment \(optional\)/, key.enter],
        [/Are you sure\?.*No/s, key.enter],
        [/Your answer\?/, `of it${key.enter}`],
      ],
      { rows: 24 },
    );
    expect(code).toBe(0);
    expect((await newest()).result).toEqual({ review: "revise", sure: true, why: "of it" });
    expect(screen.split("- line 30 of it")).toHaveLength(3);
    expect(screen).not.toContain("...");
  });

  test("a question that is asked again says which one it is, and stays while others of its name come", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["run", "again", "--follow"],
      [
        ["Again?", key.enter],
        ["Again? (again#2)", key.enter],
      ],
    );
    expect(code).toBe(0);
    expect(screen).not.toContain("settled elsewhere");
    expect((await newest()).result).toEqual([true, true]);
  });

  test("a cancelled prompt leaves the wait pending and ends with 4", async () => {
    const { code, screen } = await inTerminal(project, ["run", "go", "--follow"], [["go?", key.interrupt]]);
    expect(code).toBe(4);
    expect(screen).toMatch(/savepoint answer \S+ true/);
    const { execution_id: id, status } = await newest();
    expect(status).toBe("waiting");
    const answered = await inTerminal(project, ["answer", id], [["go?", key.enter]]);
    expect(answered.code).toBe(0);
    expect((await newest()).result).toBe("gone");
  });

  test("someone else's answer ends the prompt", async () => {
    const followed = inTerminal(project, ["run", "go", "--follow"]);
    const id = await until("it to ask", async () => {
      const item = await newest().catch(() => undefined);
      return item?.status === "waiting" ? item.execution_id : undefined;
    });
    // The prompt opens a moment after the execution has gone to sleep.
    await new Promise((resolve) => setTimeout(resolve, 700));
    await savepoint(project, ["answer", id, "true"]);
    const { code, screen } = await followed;
    expect(code).toBe(0);
    expect(screen).toContain("was settled elsewhere meanwhile");
    expect(screen).toContain("completed");
  });

  test("a followed run asks what its children ask", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["run", "asksBelow", "--follow"],
      [["May the child go on?", key.enter]],
    );
    expect(code).toBe(0);
    expect(screen).toMatch(/✓.*asks/);
    expect(screen).toContain("completed");
  });

  test("Ctrl-C ends the look and not the execution", async () => {
    const { code, screen } = await inTerminal(project, ["run", "gated", "--follow"], [[/held/, key.interrupt]]);
    expect(code).toBe(130);
    expect(screen).toMatch(/It goes on .* savepoint show \S+ --follow looks again/);
    // The cursor is visible again.
    expect(screen.lastIndexOf("\x1b[?25h")).toBeGreaterThan(screen.lastIndexOf("\x1b[?25l"));
    expect((await newest()).status).toBe("running");
    project.write("gate", "");
    expect((await inTerminal(project, ["show", "--follow"])).code).toBe(0);
  });

  test("lists are painted tables that fit the width, and --no-color leaves them plain", async () => {
    const painted = await inTerminal(project, ["list"]);
    expect(painted.screen).toContain("\x1b[1m");
    for (const line of painted.screen.split("\r\n")) expect(displayWidth(harmless(line))).toBeLessThanOrEqual(100);
    expect((await inTerminal(project, ["list", "--no-color"])).screen).not.toContain("\x1b");
  });
});

describe("without a terminal", () => {
  test("SIGINT ends a followed look with 130 and says that the execution goes on", async () => {
    project.flow("slow", `export const slow = flow("slow", async () => { await sleep("2m"); });`);
    const following = start(project, ["run", "slow", "--follow"]);
    await until("the sleep", () => following.written().includes("sleep"));
    following.child.kill("SIGINT");
    const { code, stderr } = await following.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("It goes on");
    await savepoint(project, ["cancel", (await newest()).execution_id]);
  });

  test("answer without a value says what is asked", async () => {
    const { item } = await json(project, ["run", "go", "--wait", "20"], 4);
    const { code, stderr } = await savepoint(project, ["answer", item.execution_id]);
    expect(code).toBe(2);
    expect(stderr).toContain("<value> is missing");
    expect(stderr).toMatch(/savepoint answer \S+ true/);
  });
});
