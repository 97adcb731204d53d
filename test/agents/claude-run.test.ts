import { existsSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { delay, useAgents } from "../helpers/agents/agents.ts";

const agents = useAgents();

describe("Claude Code", () => {
  test("is told nothing secret and nothing long on its command line", async () => {
    const { run, claude } = agents.open([{}]);
    const mcpServers = { github: { command: "github-mcp", env: { TOKEN: "secret-token" } } };
    await run("the prompt", { systemPrompt: "Be terse.", mcpServers, model: "sonnet", maxTurns: 7 });
    const [call] = claude.calls();
    expect(call?.stdin).toBe("the prompt");
    expect(call?.args.join(" ")).not.toMatch(/secret-token|the prompt|Be terse/);
    expect(call?.args.join(" ")).toMatch(
      /^-p --output-format stream-json --verbose --include-partial-messages --session-id \S{36} --model sonnet --max-turns 7 /,
    );
    expect(call?.args).toContain("--strict-mcp-config");
    expect(call?.files.systemPrompt).toBe("Be terse.");
  });

  test("gets Savepoint's own server, by which what it starts becomes a child of the step", async () => {
    const { run, claude, t, project } = agents.open([{}, {}], { env: { SAVEPOINT_CONFIG_HOME: "/config" } });
    const { id } = await run("go", { mcpServers: { github: { command: "github-mcp" } } });
    const { ordinal } = t.entry(id, "agent");
    expect(JSON.parse(claude.calls()[0]?.files.mcpConfig ?? "")).toEqual({
      mcpServers: {
        github: { command: "github-mcp" },
        savepoint: {
          command: process.execPath,
          args: ["server.js"],
          env: {
            SAVEPOINT_PROJECT: project,
            SAVEPOINT_PARENT_EXECUTION_ID: id,
            SAVEPOINT_PARENT_CHECKPOINT: String(ordinal),
            SAVEPOINT_CONFIG_HOME: "/config",
          },
        },
      },
    });
    await run("go", { savepoint: false });
    expect(JSON.parse(claude.calls()[1]?.files.mcpConfig ?? "")).toEqual({ mcpServers: {} });
  });

  test("finds an allow-list of the environment, and whose child it is", async () => {
    const env = {
      HOME: "/home/me",
      LC_ALL: "C.UTF-8",
      ANTHROPIC_API_KEY: "key",
      CLAUDE_CONFIG_DIR: agents.folder(),
      CLAUDECODE: "1",
      CLAUDE_CODE_ENTRYPOINT: "cli",
      CLAUDE_CODE_SSE_PORT: "1",
      CLAUDE_CODE_SESSION_ACCESS_TOKEN: "session",
      AWS_SECRET_ACCESS_KEY: "aws",
      SAVEPOINT_MASTER_KEY: "master",
      OPENAI_API_KEY: "openai",
      WANTED: "wanted",
    };
    const { run, claude, project } = agents.open([{}], { env });
    const options = { env: ["WANTED", "SAVEPOINT_MASTER_KEY"], permissionMode: "bypassPermissions" };
    const { id } = await run("go", options);
    const { env: seen = {} } = claude.calls()[0] ?? {};
    const {
      PATH,
      TMPDIR: _,
      PWD: __,
      SHLVL: ___,
      _: ____,
      OLDPWD: _____,
      FAKE_CLAUDE_SCRIPT: ______,
      ...others
    } = seen;
    expect(PATH).toBe(process.env["PATH"]);
    expect(others).toEqual({
      HOME: "/home/me",
      LC_ALL: "C.UTF-8",
      ANTHROPIC_API_KEY: "key",
      CLAUDE_CONFIG_DIR: agents.folder(),
      WANTED: "wanted",
      SAVEPOINT_PROJECT: project,
      SAVEPOINT_PARENT_EXECUTION_ID: id,
      SAVEPOINT_PARENT_CHECKPOINT: expect.stringMatching(/^\d+$/),
      SAVEPOINT_PROGRAM_RUN: expect.stringMatching(/^[\da-f-]{36}$/),
      ...(process.getuid?.() === 0 ? { IS_SANDBOX: "1" } : {}),
    });
  });

  test("gets the keys of a cloud only where its models are to be used", async () => {
    const env = { AWS_REGION: "eu", GOOGLE_CLOUD_PROJECT: "p", CLAUDE_CODE_USE_BEDROCK: "1" };
    const { run, claude } = agents.open([{}], { env });
    await run("go");
    expect(claude.calls()[0]?.env).toMatchObject({ AWS_REGION: "eu", CLAUDE_CODE_USE_BEDROCK: "1" });
    expect(claude.calls()[0]?.env).not.toHaveProperty("GOOGLE_CLOUD_PROJECT");
  });

  test("has its files in a folder that only the user can look into, and that goes with it", async () => {
    const { start, t, claude } = agents.open([{ turns: [{ delayMs: 500, text: "slow" }] }]);
    const id = await start("go");
    while (claude.calls().length === 0) await delay(10);
    const { args = [] } = claude.calls()[0] ?? {};
    const settings = args[args.indexOf("--settings") + 1] ?? "";
    expect(statSync(dirname(settings)).mode & 0o777).toBe(0o700);
    expect(statSync(settings).mode & 0o777).toBe(0o600);
    await t.ended(id);
    expect(existsSync(dirname(settings))).toBe(false);
  });

  test("works in a folder of the project, and nowhere else", async () => {
    const { run, claude, project } = agents.open([{}]);
    mkdirSync(join(project, "sub"));
    symlinkSync("/", join(project, "out"));
    await run("go", { workspace: "sub" });
    expect(claude.calls()[0]?.cwd).toBe(join(project, "sub"));
    for (const workspace of ["..", "/", "out", "out/tmp"]) {
      expect((await run("go", { workspace })).failure).toMatchObject({
        code: "forbidden",
        message: `the workspace ${JSON.stringify(workspace)} is not in the project`,
      });
    }
    expect((await run("go", { workspace: "nowhere" })).failure).toMatchObject({ code: "workspace_not_found" });
    expect(claude.calls()).toHaveLength(1);
  });

  test("is followed while it works: turns, tools and their answers are events", async () => {
    const tools = [
      { name: "Read", input: { file_path: "a.txt" } },
      { name: "Bash", input: { command: "x".repeat(900) }, isError: true },
    ];
    const { run } = agents.open([{ turns: [{ text: "I look", tools }, { text: "done" }] }]);
    const { events } = await run("go");
    const told = events.filter(({ type }) => /^(agent|tool|model)_/.test(type));
    expect(told.map(({ type }) => type).toSorted()).toEqual([
      "agent_ended",
      "agent_started",
      "model_streaming",
      "tool_answered",
      "tool_answered",
      "tool_called",
      "tool_called",
    ]);
    expect(told.filter(({ type }) => type === "tool_called").map(({ data }) => data)).toEqual([
      { name: "Read", input: "a.txt" },
      { name: "Bash", input: `${"x".repeat(199)}…` },
    ]);
    expect(told.find(({ data }) => data["is_error"] === true)?.data).toEqual({ name: "Bash", is_error: true });
    expect(told.at(-1)?.data).toMatchObject({ status: "completed", turns: 2, tool_calls: 2, output_tokens: 40 });
  });
});
