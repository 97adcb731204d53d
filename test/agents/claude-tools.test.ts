import { describe, expect, test } from "vitest";
import { useAgents } from "../helpers/agents/agents.ts";

const agents = useAgents();

const bash = (command: string) => ({ name: "Bash", input: { command } });
const flag = (args: string[] | undefined, name: string) => args?.[args.indexOf(name) + 1];

/** Which of the commands may be called, whatever Claude Code itself would say of them. */
async function granted(tools: string[], commands: string[], permissionMode = "bypassPermissions") {
  const { run, claude } = agents.open([{ turns: [...commands.map((one) => ({ tools: [bash(one)] })), { text: "x" }] }]);
  expect(await run("go", { tools, permissionMode })).toMatchObject({ status: "completed" });
  const [call] = claude.calls();
  return { granted: commands.filter((_, at) => call?.tools[at]?.refusal === null), call };
}

describe("rules of Bash", () => {
  test.each(["default", "acceptEdits", "bypassPermissions"])("hold in the mode %s", async (mode) => {
    const { granted: some, call } = await granted(["Bash(ls:*)"], ["ls", "echo hi", "touch a"], mode);
    expect(some).toEqual(["ls"]);
    expect(call?.tools[1]?.refusal).toBe(
      "Bash may run what fits Bash(ls:*) here, a single command without ; & | < > ( ) ` $ and line breaks.",
    );
    expect(flag(call?.args, "--tools")).toBe("Bash");
    expect(flag(call?.args, "--allowedTools")).toBe("Bash(ls:*),mcp__savepoint");
  });

  test("are about whole words, and about a single command", async () => {
    const fit = ["ls", "ls -la /tmp", "npm test", "git log main", " npm test "];
    const unfit = [
      ...["lsof", "npm test --watch", "git push main", "X=1 ls", "/bin/ls", "sh -c ls", ""],
      ...[
        "ls; rm a",
        "ls && rm a",
        "ls | sh",
        "ls & rm a",
        "ls\nrm a",
        "ls $(rm a)",
        "ls `rm a`",
        "ls > a",
        "ls <(rm a)",
      ],
    ];
    const tools = ["Bash(ls:*)", "Bash(npm test)", "Bash(git log *)"];
    expect((await granted(tools, [...fit, ...unfit])).granted).toEqual(fit);
  });

  test("leave out nothing where Bash is named beside them, and hold whole lines to the letter", async () => {
    const line = "npm test && npm run lint";
    expect((await granted(["Bash(ls)", "Bash"], [line])).granted).toEqual([line]);
    expect((await granted(["Bash(*)"], [line])).granted).toEqual([line]);
    expect((await granted([`Bash(${line})`], [line, `${line}; rm a`])).granted).toEqual([line]);
  });

  test("end an agent whose settings keep it from asking", async () => {
    const turns = [{ tools: [bash("touch a")] }, { delayMs: 5_000, text: "never said" }];
    const { run } = agents.open([{ turns, ignoresHooks: true }]);
    expect((await run("go", { tools: ["Bash(ls:*)"] })).failure).toMatchObject({
      code: "forbidden",
      message: "the agent called Bash without asking, so that its rules cannot hold",
    });
  });
});

test.each(["Read(./src/**)", "WebFetch(domain:example.com)", "Bash()", "mcp__github__search(x)"])(
  "the rule %s, which nobody would hold to, is an error",
  async (rule) => {
    const { run, claude } = agents.open([{}]);
    expect((await run("go", { tools: ["Bash", rule] })).failure).toMatchObject({
      code: "bad_request",
      message: `the tool ${rule} would not be kept to what stands in its parentheses`,
      hint: expect.stringMatching(/^Use (Read|WebFetch|Bash|mcp__github__search); only Bash has such rules/),
    });
    expect(claude.calls()).toEqual([]);
  },
);

test("the mode plan is not undone by what is allowed without permission", async () => {
  const { run, claude } = agents.open([{}]);
  await run("go", { tools: ["Bash", "Edit", "WebFetch", "mcp__github"], permissionMode: "plan" });
  const [call] = claude.calls();
  expect(flag(call?.args, "--tools")).toBe("Bash,Edit,WebFetch");
  expect(flag(call?.args, "--allowedTools")).toBe("WebFetch,mcp__github,mcp__savepoint");
});

test("a server that failed and a tool that does not exist are told of", async () => {
  const servers = [
    { name: "savepoint", status: "connected" },
    { name: "slow", status: "pending" },
    { name: "github", status: "failed" },
  ];
  const start = { type: "system", subtype: "init", tools: ["Read", "mcp__savepoint__x"], mcp_servers: servers };
  const { run } = agents.open([{ stdout: `${JSON.stringify(start)}\n${JSON.stringify(start)}\n` }]);
  const { events } = await run("go", { tools: ["Reed", "Read", "mcp__github"] });
  expect(events.filter(({ type }) => type === "agent_warning").map(({ data }) => data)).toEqual([
    { problem: "mcp_server_unavailable", name: "github", status: "failed" },
    { problem: "unknown_tool", name: "Reed" },
  ]);
});

test("what its model does not answer is shown while Claude Code tries again", async () => {
  const retry = { type: "system", subtype: "api_retry", max_retries: 10, error: "unknown" };
  const lines = [
    { ...retry, attempt: 1, retry_delay_ms: 570, error_status: 401 },
    { ...retry, attempt: 2, retry_delay_ms: 1052, error_status: null },
  ];
  const { run } = agents.open([{ stdout: lines.map((line) => `${JSON.stringify(line)}\n`).join("") }]);
  const { events } = await run("go");
  expect(events.flatMap(({ type, data }) => (type === "progress" ? [data] : [])).slice(0, 2)).toMatchObject([
    { stage: "the model answered with status 401: asked again in 0.6 s", current: 1, total: 10 },
    { stage: "the model cannot be reached: asked again in 1.1 s", current: 2, total: 10 },
  ]);
  expect(events.filter(({ type }) => type === "model_failed")).toHaveLength(2);
});
