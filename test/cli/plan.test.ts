import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestProject } from "../processes/project.ts";
import { type Item, json, savepoint } from "./command.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write(
    "workflows/notes.yaml",
    `
inputs: { tag: { type: string, required: true } }
steps:
  - id: fan
    type: parallel
    steps:
      - { id: log, type: write_file, path: "{{ tag }}.txt", content: x, timeout: 30s, retry: 2 }
      - { id: which, type: condition, field: "{{ tag }}", operator: exists, then: [{ id: yes, type: emit, event: yes }] }
  - { id: end, type: emit, event: end, data: "{{ steps.log.output }}" }
`,
  );
});
afterEach(() => project.close());

test("run --dry-run shows what a run would do, and runs nothing", async () => {
  const { code, stdout } = await savepoint(project, ["run", "notes", "-i", "tag=1.0", "--dry-run"]);
  expect(code).toBe(0);
  const lines = stdout.split("\n").map((line) => line.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      "could run: 5 steps, 2 levels",
      "tag string = 1.0",
      "1.  fan parallel",
      "1.  log write_file",
      "timeout 30.0s (the step), 2 retries",
      "path 1.0.txt",
      "which condition",
      "then:",
      "2.  end emit",
      "needs steps.log.output",
    ]),
  );
  const { item } = await json<Item>(project, ["run", "notes", "-i", "tag=1.0", "--dry-run"]);
  expect(item).toMatchObject({ valid: true, levels: [["fan"], ["end"]] });
  expect(existsSync(join(project.root, "1.0.txt"))).toBe(false);
  expect(JSON.parse((await savepoint(project, ["list", "--output", "json"])).stdout)).toMatchObject({ count: 0 });
});

test("run --dry-run ends with 1 where the run could not begin", async () => {
  const { code, stdout } = await savepoint(project, ["run", "notes", "--dry-run"]);
  expect({ code, stdout }).toMatchObject({ code: 1, stdout: expect.stringContaining("could not run") });
  expect(stdout).toContain('error the field "tag" is missing');
});
