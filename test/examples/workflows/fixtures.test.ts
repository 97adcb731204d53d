import { afterAll, beforeAll, expect, test } from "vitest";
import { json } from "../../cli/command.ts";
import type { TestProject } from "../../processes/project.ts";
import { exampleProject, examples } from "./example-project.ts";

let project: TestProject;
beforeAll(() => {
  project = exampleProject();
});
afterAll(() => project.close());

test.each([
  ["research-brief.md", "fixtures/research-brief"],
  ["csv-fan-out/workflow.md", "csv-fan-out/fixtures"],
])("%s answers what is expected with its recorded outputs, all of which are used", async (file, folder) => {
  const { item } = await json<{ item: Record<string, unknown> }>(project, [
    ...["test", `${examples}/${file}`, "--fixtures", `${examples}/${folder}`, "--strict"],
  ]);
  expect(item).toMatchObject({ valid: true, status: "completed", coverage: 1, unused_fixtures: [] });
});
