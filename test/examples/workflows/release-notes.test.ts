import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inTerminal, json, key, noTerminal } from "../../cli/command.ts";
import { callTool } from "../../mcp/client.ts";
import { dist, type TestProject } from "../../processes/project.ts";
import { artifactText, commit, exampleProject, examples, git, repository } from "./example-project.ts";

const target = `${examples}/release-notes.md`;

let project: TestProject;
beforeEach(() => {
  project = exampleProject();
});
afterEach(() => project.close());

const isCheckout = existsSync(join(repository, ".git"));

describe.runIf(isCheckout)("on this repository's own history", () => {
  beforeEach(() => {
    git(project, "init", "--quiet");
    git(project, "fetch", "--quiet", "--update-shallow", repository, "HEAD");
    git(project, "reset", "--quiet", "--soft", "FETCH_HEAD");
  });

  test.skipIf(noTerminal !== undefined)(
    "it asks in the terminal, and leaves an artifact and nothing else",
    async () => {
      const before = git(project, "status", "--porcelain");
      const { code, screen } = await inTerminal(
        project,
        ["run", target, "--follow"],
        [
          ["Publish these release notes?", key.enter],
          [/comment/i, key.enter],
        ],
      );
      expect(code, screen).toBe(0);
      expect(screen).toContain("# Changes");
      const { item } = await json(project, ["show"]);
      const notes = await artifactText(project, item.execution_id, "release-notes.md");
      expect(notes).toContain(git(project, "log", "-1", "--no-merges", "--format=%h").trim());
      expect(git(project, "status", "--porcelain")).toBe(before);
    },
  );

  test("an MCP client runs it by its name, answers it, and reads the artifact", async () => {
    const client = new Client({ name: "test", version: "1.0.0" });
    const env = Object.fromEntries(Object.entries(project.env).map(([name, value]) => [name, String(value)]));
    const server = fileURLToPath(new URL("server.js", dist));
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args: [server], env, stderr: "ignore" }),
    );
    const asked = await callTool(client, "executions_run", { target: "release-notes", wait_seconds: 20 });
    expect(asked.structured).toMatchObject({ status: "waiting", pending_waits: [{ name: "review" }] });
    const id = asked.structured?.["execution_id"];
    const ended = await callTool(client, "executions_input", { execution_id: id, value: "publish", wait_seconds: 20 });
    expect(ended.structured).toMatchObject({ status: "completed", result: { decision: "publish" } });
    const artifact = await callTool(client, "artifacts_get", {
      execution_id: id,
      name: "release-notes.md",
      max_chars: 1_000,
    });
    expect(JSON.stringify(artifact.structured)).toContain("# Changes");
    await client.close();
  });
});

describe("in a repository of its own", () => {
  const run = async (...inputs: string[]) =>
    (await json(project, ["run", target, "--wait", "20", ...inputs.flatMap((one) => ["-i", one])], 4)).item
      .execution_id;
  const answer = async (id: string, value: string, code = 0) =>
    (await json(project, ["answer", id, value, "--wait", "20"], code)).item;

  beforeEach(() => {
    git(project, "init", "--quiet");
    commit(project, "Begin");
    git(project, "tag", "v1.0");
    commit(
      project,
      "feat(cli): add --dry-run",
      "fix: a crash at startup",
      "Engine: faster",
      "Engine: smaller",
      "Docs: one",
    );
  });

  test("commits since the last tag are grouped by what they say they are", async () => {
    const item = await answer(await run(), "publish");
    const hash = /\([0-9a-f]+\)/g;
    expect(String((item.result as { notes: string }).notes).replace(hash, "(…)")).toBe(`# Changes since v1.0

## Features

- add --dry-run (…)

## Fixes

- a crash at startup (…)

## Engine

- smaller (…)
- faster (…)

## Other changes

- Docs: one (…)
`);
  });

  test("what is to be different is asked for, and the draft is shown again", async () => {
    const id = await run("file=NOTES.md", "title=Release 2");
    await answer(id, "edit", 4);
    const changes = { leave_out: "Docs, crash", introduction: "A fast one." };
    const item = await answer(id, JSON.stringify(changes), 4);
    expect(JSON.stringify(item["pending_waits"])).toContain("A fast one.");
    await answer(id, "publish");
    const notes = readFileSync(project.path("NOTES.md"), "utf8");
    expect(notes).toMatch(/^# Release 2\n\nA fast one\.\n\n## Features\n/);
    expect(notes).not.toMatch(/Docs|Fixes|Other/);
  });

  test.skipIf(noTerminal !== undefined)("in the terminal the changes are a form of three questions", async () => {
    const { code, screen } = await inTerminal(
      project,
      ["run", target, "--follow"],
      [
        ["Publish these release notes?", `${key.down}${key.enter}`],
        [/comment/i, key.enter],
        [/Introduction/, `A fast one.${key.enter}`],
        [/Leave out/, `docs${key.enter}`],
        [/Text/, key.enter],
        ["Publish these release notes?", key.enter],
        [/comment/i, key.enter],
      ],
    );
    expect(code, screen).toBe(0);
    expect((await json(project, ["show"])).item.result).toMatchObject({
      notes: expect.stringMatching(/^# Changes since v1\.0\n\nA fast one\.\n(?!.*Docs)/s),
    });
  });

  test("a text of one's own takes the draft's place", async () => {
    const id = await run();
    await answer(id, "edit", 4);
    await answer(id, '{"text":"It works."}', 4);
    expect((await answer(id, "publish")).result).toEqual({ decision: "publish", notes: "It works." });
  });

  test("what is discarded leaves no artifact", async () => {
    const id = await run();
    expect((await answer(id, "discard")).result).toEqual({ decision: "discard", notes: "" });
    const { items } = await json<{ items: unknown[] }>(project, [
      "artifacts",
      "list",
      "--execution-id",
      id,
      "--name",
      "release-notes.md",
    ]);
    expect(items).toEqual([]);
  });

  test("a release that is tagged already goes back to the tag before it", async () => {
    git(project, "tag", "v2.0");
    const { item } = await json(project, ["run", target, "-i", "to=v2.0", "--wait", "20"], 4);
    expect(JSON.stringify(item["pending_waits"])).toContain("Changes since v1.0");
  });

  test("nothing is asked where nothing has changed", async () => {
    const { item } = await json(project, ["run", target, "-i", "from=HEAD", "--wait", "20"]);
    expect(item.result).toEqual({ decision: "nothing to publish", notes: "" });
  });

  test("inputs are never options of git, nor commands", async () => {
    const { item } = await json(project, ["run", target, "-i", "from=--output=owned; touch owned", "--wait", "20"], 1);
    expect(item["failure"]).toMatchObject({ checkpoint: "commits" });
    expect(existsSync(project.path("owned"))).toBe(false);
  });
});
