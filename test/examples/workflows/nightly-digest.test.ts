import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { json } from "../../cli/command.ts";
import type { ScriptedModel } from "../../helpers/models/scripted-model.ts";
import type { Step } from "../../helpers/models/wire.ts";
import type { TestProject } from "../../processes/project.ts";
import { artifactText, commit, exampleProject, git, promptOf, scriptedOllama } from "./example-project.ts";

let project: TestProject;
let ollama: ScriptedModel;
let said: string | Step;
beforeEach(async () => {
  said = "- Orders can be cancelled.";
  ollama = await scriptedOllama(() => said);
  project = exampleProject({ OLLAMA_BASE_URL: ollama.baseUrl });
  git(project, "init", "--quiet");
});
afterEach(async () => {
  await project.close();
  await ollama.close();
});

async function digest(...args: string[]): Promise<{ text: string; id: string }> {
  const { item } = await json(project, [
    "run",
    "nightly-digest",
    "--models",
    "*=ollama:llama3.2",
    "--wait",
    "30",
    ...args,
  ]);
  const { file } = item.result as { file: string };
  expect(file).toMatch(/^digests\/\d{4}-\d{2}-\d{2}\.md$/);
  return { text: readFileSync(project.path(file), "utf8"), id: item.execution_id };
}

test("the day's commits are summarised, with what is still to be done, into a file and an artifact", async () => {
  project.write("orders.ts", "// TODO: refunds\n// TODOS are not meant\n");
  git(project, "add", "orders.ts");
  commit(project, "Orders: can be cancelled");
  const { text, id } = await digest();
  expect(text).toMatch(/^# \w+day, \d{4}-\d{2}-\d{2}\n\n- Orders can be cancelled\.\n\n## Commits\n\n/);
  expect(text).toContain("- Orders: can be cancelled (Ada)");
  expect(text).toContain("## To do (1)\n\n- `orders.ts:1:// TODO: refunds`");
  expect(promptOf(ollama.requests[0]?.body ?? {})).toContain("Orders: can be cancelled");
  expect(await artifactText(project, id, "digest.md")).toContain("Orders can be cancelled.");
});

test("a day without commits asks no model, and is told as such", async () => {
  commit(project, "Begin");
  const { text } = await digest("-i", "since=2099-01-01");
  expect(text).toContain("Nothing was committed.");
  expect(text).toContain("## To do (0)");
  expect(ollama.requests).toEqual([]);
});

test("a model that refuses leaves a digest without a summary", async () => {
  commit(project, "Begin");
  said = { status: 400, message: "no such model here" };
  const { text } = await digest();
  expect(text).toContain("There is no summary");
  expect(text).toContain("- Begin (Ada)");
});
