import { afterAll, beforeAll, expect, test } from "vitest";
import { TestProject, until } from "../processes/project.ts";
import { type Item, json, savepoint } from "./command.ts";

let project: TestProject;
beforeAll(() => {
  project = new TestProject();
  project.write(
    "asks.yaml",
    `steps:
  - { id: goes_on, type: human, question: A?, options: [a], timeout: 300ms, on_timeout: continue }
  - { id: skips, type: human, question: B?, options: [b], timeout: 300ms, on_timeout: skip }
  - { id: takes, type: human, question: C?, options: [publish, drop], timeout: 300ms, on_timeout: drop }
  - { id: last, type: human, question: D?, options: [publish, drop], timeout: 3d }
guardrails: { max_time: 30m }
`,
  );
  project.write(
    "flows/works.ts",
    `import { flow, progress, wait } from "savepoint";
export const works = flow("works", async () => { progress({ stage: "halfway", current: 1, total: 2 }); return 1; });
export const late = flow("late", () => wait({ name: "ask", timeout: 1_000 }));`,
  );
});
afterAll(() => project.close());

/** What `show` tells of a new run, once it tells this. */
async function shownOnce(text: string, target: string) {
  // It may ask already, or have ended: the exit code says so.
  const run = await savepoint(project, ["run", target, "--wait", "0", "--output", "json"]);
  const { item } = JSON.parse(run.stdout) as Item;
  const stdout = await until(text, async () => {
    const shown = await savepoint(project, ["show", item.execution_id]);
    return shown.stdout.includes(text) ? shown.stdout : undefined;
  });
  return { id: item.execution_id, stdout };
}

test("show tells what deadlines decided, when the next one is, and limits with their units", async () => {
  const { id, stdout } = await shownOnce("D?", "asks.yaml");
  expect(stdout).toMatch(/goes_on +expired: continued/);
  expect(stdout).toMatch(/skips +expired: skipped/);
  expect(stdout).toMatch(/takes +expired: took "drop"/);
  expect(stdout).toMatch(/last +asked .*, expires in 3d/);
  expect(stdout).toContain("max_time 30m");
  expect((await savepoint(project, ["inbox"])).stdout).toContain("expires in 3d");
  const wrong = await savepoint(project, ["answer", id, "publsh"]);
  expect(wrong.stderr).toContain('<value>: "publsh" is no option; it takes publish or drop. Did you mean "publish"?');
  expect(wrong.stderr).not.toContain("anyOf");
});

test("show tells of a deadline that failed, and of progress only while there is any", async () => {
  expect((await shownOnce("Failure", "late")).stdout).toMatch(/ask +expired: failed/);
  expect((await shownOnce("Result", "works")).stdout).not.toContain("halfway");
});

test("an early answer that names no wait is told by the flag that is missing", async () => {
  project.write("pause.yaml", "steps:\n  - { id: pause, type: sleep, duration: 1h }\n");
  const { item } = await json(project, ["run", "pause.yaml", "--wait", "0"]);
  const { code, stderr } = await savepoint(project, ["answer", item.execution_id, "true", "--early"]);
  expect(code).toBe(2);
  expect(stderr).toContain("--name: an early answer must name the wait");
  expect(stderr).toContain("Pass --name with the name");
  const { stdout } = await savepoint(project, ["answer", "--help"]);
  expect(stdout).not.toContain("needs wait");
});
