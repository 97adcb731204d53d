import { describe, expect, test } from "vitest";
import { type AgentEnd, type AgentTest, useAgents } from "../helpers/agents/agents.ts";

const agents = useAgents();

const call = (name = "Bash") => ({ name, input: { command: "true" } });
const calling = (turns: number, toolsEach = 1) =>
  Array.from({ length: turns }, () => ({ tools: Array.from({ length: toolsEach }, () => call()) }));

const usedBy = ({ t }: AgentTest, { id }: AgentEnd) => t.store.budgets.find({ seq: t.get(id).seq, ordinal: 0 })?.used;
const failureOf = ({ t }: AgentTest, { id }: AgentEnd) => {
  const execution = t.get(id);
  return execution.status === "failed" ? execution.failure : execution.status;
};

describe("a limit of tool calls", () => {
  test("refuses the call over it, and lets the agent finish with what it has", async () => {
    const test = agents.open([{ turns: [...calling(4), { text: "enough" }] }], {
      options: { guardrails: { maxToolCalls: 3 } },
    });
    const end = await test.run("go");
    expect(end.result).toMatchObject({ text: "enough", toolCalls: 3 });
    expect(test.claude.calls()[0]?.tools).toEqual([
      ...Array(3).fill({ name: "Bash", refusal: null }),
      { name: "Bash", refusal: expect.stringContaining("finish with what you have") },
    ]);
    expect(end.events.filter(({ type }) => type === "guardrail_exceeded")).toMatchObject([
      { data: { limit: "max_tool_calls", allowed: 3, used: 3, tool: "Bash" } },
    ]);
    expect(usedBy(test, end)).toMatchObject({ toolCalls: 3 });
  });

  test("holds when the agent makes all its calls at once", async () => {
    const test = agents.open([{ turns: [...calling(1, 6), { text: "enough" }] }], {
      options: { guardrails: { maxToolCalls: 3 } },
    });
    const end = await test.run("go");
    expect(end.result).toMatchObject({ text: "enough", toolCalls: 3 });
    const refused = test.claude.calls()[0]?.tools.filter(({ refusal }) => refusal !== null);
    expect(refused).toHaveLength(3);
  });

  test("ends an agent that goes on trying", async () => {
    const test = agents.open([{ turns: [...calling(9), { text: "never said" }] }], {
      options: { guardrails: { maxToolCalls: 1 } },
    });
    const end = await test.run("go");
    expect(failureOf(test, end)).toMatchObject({
      origin: "guardrail",
      guardrail: { limit: "max_tool_calls", allowed: 1, used: 1 },
    });
    expect(test.claude.calls()[0]?.tools.length).toBeLessThanOrEqual(5);
    expect(end.calls).toMatchObject([{ status: "failed", tool_calls: 1 }]);
  });

  test("ends an agent whose calls ask nobody once one was made too many", async () => {
    const turns = calling(50).map((turn) => ({ ...turn, delayMs: 20 }));
    const test = agents.open([{ turns, ignoresHooks: true }], { options: { guardrails: { maxToolCalls: 3 } } });
    const end = await test.run("go");
    expect(failureOf(test, end)).toMatchObject({ guardrail: { limit: "max_tool_calls", allowed: 3, used: 4 } });
    expect(end.calls).toMatchObject([{ tool_calls: 4 }]);
  });

  test("asks a person, whose answer lets the agent go on in its session", async () => {
    const test = agents.open([{ turns: [...calling(3), { text: "never said" }] }, { turns: [{ text: "went on" }] }], {
      options: { guardrails: { maxToolCalls: 2, onExceed: "ask" } },
    });
    const id = await test.start("go");
    await test.t.waiting(id);
    await test.t.engine.answer(id, { value: 10 });
    expect(await test.t.result(id)).toMatchObject({ text: "went on" });
    const [first, second] = test.claude.calls();
    expect(first?.tools.filter(({ refusal }) => refusal === null)).toHaveLength(2);
    expect(second).toMatchObject({ isResumed: true, sessionId: first?.sessionId });
    expect(second?.stdin).toContain("You were interrupted");
  });
});

describe("a limit of tokens", () => {
  test("kills the agent within its work, with what it really used on the record", async () => {
    const turns = Array.from({ length: 50 }, () => ({ text: "more", delayMs: 20, inputTokens: 100, outputTokens: 50 }));
    const test = agents.open([{ turns }], { options: { guardrails: { maxTokens: 400 } } });
    const end = await test.run("go");
    expect(failureOf(test, end)).toMatchObject({
      origin: "guardrail",
      guardrail: { limit: "max_tokens", allowed: 400 },
    });
    const used = usedBy(test, end);
    const tokens = (used?.inputTokens ?? 0) + (used?.outputTokens ?? 0);
    expect(tokens).toBeGreaterThan(400);
    expect(tokens).toBeLessThanOrEqual(550);
    expect(end.calls).toMatchObject([
      { status: "failed", input_tokens: used?.inputTokens, output_tokens: used?.outputTokens },
    ]);
  });

  test("of a step fails that step, and no agent is started where nothing is left", async () => {
    const test = agents.open([{ turns: [{ inputTokens: 1_000 }] }], { options: { guardrails: { maxTokens: 500 } } });
    expect((await test.run("one", { guardrails: { maxTokens: 100 } })).failure).toMatchObject({ origin: "guardrail" });
    expect(test.claude.calls()).toHaveLength(1);
  });
});

describe("limits of turns and cost", () => {
  test("are told to the agent, which ends by itself", async () => {
    const test = agents.open([{ turns: calling(5), costPerTurn: 0.5 }], {
      options: { guardrails: { maxTurns: 3, maxCostUsd: 100 } },
    });
    const end = await test.run("go");
    expect(failureOf(test, end)).toMatchObject({ guardrail: { limit: "max_turns", allowed: 3, used: 3 } });
    expect(test.claude.calls()[0]?.args.join(" ")).toContain("--max-turns 3 --max-budget-usd 100");
    expect(usedBy(test, end)).toMatchObject({ turns: 3, costUsd: 1.5 });
  });

  test("hold where the agent knows no prices, as far as we do", async () => {
    const turns = Array.from({ length: 50 }, () => ({ text: "more", delayMs: 20, outputTokens: 10 }));
    const costOf = (_: string, { outputTokens }: { outputTokens: number }) => outputTokens / 10;
    const test = agents.open([{ turns, costPerTurn: 0 }], { costOf, options: { guardrails: { maxCostUsd: 2 } } });
    const end = await test.run("go");
    expect(failureOf(test, end)).toMatchObject({
      origin: "guardrail",
      guardrail: { limit: "max_cost_usd", allowed: 2 },
    });
    const { costUsd = 0 } = usedBy(test, end) ?? {};
    expect(costUsd).toBeGreaterThan(2);
    expect(costUsd).toBeLessThanOrEqual(4);
  });

  test("of cost end the agent at its own reckoning", async () => {
    const test = agents.open([{ turns: calling(9), costPerTurn: 0.5 }], {
      options: { guardrails: { maxCostUsd: 1.2 } },
    });
    const end = await test.run("go");
    expect(failureOf(test, end)).toMatchObject({ guardrail: { limit: "max_cost_usd", allowed: 1.2, used: 1.5 } });
    expect(end.calls).toMatchObject([{ cost_usd: 1.5 }]);
  });
});

describe("tools that an agent was not given", () => {
  test("are refused whatever the permission mode says", async () => {
    const tools = ["Read", "Bash", "mcp__github__search", "mcp__github__delete", "mcp__savepoint__executions_run"].map(
      call,
    );
    const test = agents.open([{ turns: [{ tools }, { text: "done" }] }]);
    await test.run("go", { tools: ["Read", "mcp__github__search"], permissionMode: "bypassPermissions" });
    const [run] = test.claude.calls();
    expect(Object.fromEntries(run?.tools.map(({ name, refusal }) => [name, refusal === null]) ?? [])).toEqual({
      Read: true,
      Bash: false,
      mcp__github__search: true,
      mcp__github__delete: false,
      mcp__savepoint__executions_run: true,
    });
    const { args = [] } = run ?? {};
    expect(args[args.indexOf("--tools") + 1]).toBe("Read");
    expect(args[args.indexOf("--allowedTools") + 1]).toBe("Read,mcp__github__search,mcp__savepoint");
  });

  test("are refused where they were taken from it", async () => {
    const tools = ["Read", "Bash", "mcp__github__delete"].map(call);
    const test = agents.open([{ turns: [{ tools }, { text: "done" }] }]);
    await test.run("go", { disallowedTools: ["Bash", "mcp__github"] });
    expect(test.claude.calls()[0]?.tools.filter(({ refusal }) => refusal === null)).toMatchObject([{ name: "Read" }]);
  });
});
