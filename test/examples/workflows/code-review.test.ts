import { existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeClaude, fakeClaude } from "../../../src/testing/fake-claude.ts";
import { json } from "../../cli/command.ts";
import type { TestProject } from "../../processes/project.ts";
import { commit, exampleProject, examples, git } from "./example-project.ts";

const target = `${examples}/code-review.md`;
const findings = "One mistake.\n\n1. changes.txt:3: it is wrong.";

let project: TestProject;
let claude: FakeClaude;
beforeEach(() => {
  project = exampleProject();
  const tools = [
    { name: "Read", input: { file_path: "changes.txt" } },
    { name: "Bash", input: { command: "rm -rf ." } },
    { name: "Write", input: { file_path: "changes.txt" } },
  ];
  const turns = [{ tools }, { text: findings }];
  claude = fakeClaude({ script: { runs: [{ turns }] }, folder: project.path("fake") });
  Object.assign(project.env, claude.env);
  git(project, "init", "--quiet", "--initial-branch=main");
  commit(project, "Begin");
  git(project, "checkout", "--quiet", "-b", "feature");
});
afterEach(() => project.close());

const run = async (code: number) => (await json(project, ["run", target, "--wait", "30"], code)).item;
const answer = async (id: string, value: string) => (await json(project, ["answer", id, value, "--wait", "20"])).item;

test("the agent sees the changes, can only read, and its review is kept where a person wants it", async () => {
  commit(project, "Feature");
  const asked = await run(4);
  expect(JSON.stringify(asked["pending_waits"])).toContain("One mistake.");
  const [call] = claude.calls();
  expect(call?.stdin).toContain("+Feature");
  expect(call?.stdin).toContain("correctness and security");
  const refused = call?.tools.filter(({ refusal }) => refusal !== null).map(({ name }) => name);
  expect(refused?.toSorted()).toEqual(["Bash", "Write"]);
  const value = JSON.stringify({ option: "post", comment: "Before Friday." });
  const ended = await answer(asked.execution_id, value);
  expect(ended.result).toEqual({ decision: "post", review: findings });
  expect(readFileSync(project.path("review.md"), "utf8")).toBe(`${findings}\n\n> Before Friday.\n`);
  const { items } = await json<{ items: { name: string }[] }>(project, [
    ...["artifacts", "list", "--execution-id", asked.execution_id],
  ]);
  expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(["review", "review.md"]));
});

test("a review that is discarded is not written", async () => {
  commit(project, "Feature");
  const { execution_id: id } = await run(4);
  expect((await answer(id, "discard")).result).toMatchObject({ decision: "discard" });
  expect(existsSync(project.path("review.md"))).toBe(false);
});

test("no agent is started where nothing has changed", async () => {
  expect((await run(0)).result).toEqual({ decision: "no changes", review: "" });
  expect(claude.calls()).toEqual([]);
});
