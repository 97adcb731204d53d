import { afterEach, beforeEach, expect, test } from "vitest";
import { TestProject } from "../processes/project.ts";
import { savepoint } from "./command.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.flow("env", `export const env = flow("env", async () => process.env["GREETING"] ?? "none");`);
});
afterEach(() => project.close());

test("a worker that was stopped makes room for one with the new environment, and nothing is lost", async () => {
  const run = async (greeting: string) =>
    (await savepoint(project, ["run", "env", "--wait", "20"], { env: { GREETING: greeting } })).stdout;
  expect(await run("hello")).toContain("hello");
  // It keeps the environment that it was started with.
  expect(await run("goodbye")).toContain("hello");
  const stopped = await savepoint(project, ["worker", "stop"]);
  expect(stopped).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Stopped: process \d+\. The next command/) });
  expect(await run("goodbye")).toContain("goodbye");
});

test("where no worker runs there is none to stop", async () => {
  expect(await savepoint(project, ["worker", "stop", "--output", "json"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"stopped":[]'),
  });
});
