import { afterAll, beforeAll, expect, test } from "vitest";
import { TestProject } from "../processes/project.ts";
import { type Item, json, savepoint } from "./command.ts";

let project: TestProject;
beforeAll(async () => {
  project = new TestProject();
  project.flow("quick", `export const quick = flow("quick", async () => "x".repeat(100_000));`);
  project.flow("asks", `export const asks = flow("asks", async () => wait({ name: "go" }));`);
  await json(project, ["run", "quick", "--wait", "20"]);
  await json(project, ["run", "asks", "--wait", "20"], 4);
});
afterAll(() => project.close());

const clean = (...args: string[]) => json<Item & { item: Record<string, unknown> }>(project, ["clean", ...args]);

test("clean removes what has ended, and what waits stays", async () => {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect((await clean("--older-than", "1s", "--dry-run")).item).toMatchObject({ executions: 1, dry_run: true });
  expect((await clean("--older-than", "1h")).item).toMatchObject({ executions: 0 });
  expect((await clean("--older-than", "1s")).item).toMatchObject({ executions: 1, older_than: "1s" });
  const left = await savepoint(project, ["list", "--output", "json"]);
  expect(JSON.parse(left.stdout).items).toMatchObject([{ workflow: "asks", status: "waiting" }]);
});

test("clean says what it needs to know", async () => {
  for (const [args, message] of [
    [[], "--older-than is missing"],
    [["--older-than", "soon"], "--older-than"],
  ] as const) {
    const { code, stderr } = await savepoint(project, ["clean", ...args]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  }
});
