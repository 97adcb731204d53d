import { describe, expect, test } from "vitest";
import type { FakeClaudeRun } from "../../src/testing/fake-claude.ts";
import { useAgents } from "../helpers/agents/agents.ts";

const agents = useAgents();

const twoTurns: FakeClaudeRun = {
  turns: [
    { text: "I look", tools: [{ name: "Read", input: { file_path: "a.txt" } }], cachedTokens: 30 },
    { text: "It says 42", inputTokens: 200, outputTokens: 7 },
  ],
};

describe("an agent's answer", () => {
  test.each(["lines", "object", "array"] as const)("is the last result of a program that prints %s", async (output) => {
    const { run, claude } = agents.open([{ ...twoTurns, output }]);
    const { status, result, calls } = await run("What does a.txt say?");
    expect({ status, result }).toMatchObject({
      status: "completed",
      result: {
        text: "It says 42",
        sessionId: claude.calls()[0]?.sessionId,
        toolCalls: 1,
        usage: { inputTokens: 300, cachedTokens: 30, outputTokens: 27, toolCalls: 1, costUsd: 0.002 },
      },
    });
    expect(calls).toMatchObject([
      {
        kind: "agent",
        provider: "claude-code",
        model: "default",
        status: "completed",
        input_tokens: 300,
        output_tokens: 27,
        cached_tokens: 30,
        tool_calls: 1,
        cost_usd: 0.002,
      },
    ]);
  });

  test("counts each answer of the model once, though it comes in several lines", async () => {
    const { run } = agents.open([twoTurns]);
    const { result } = await run("go");
    expect(result).toMatchObject({ turns: 2, usage: { requests: 2, turns: 2 } });
  });

  test("is understood among lines that are no JSON, and however long it is", async () => {
    const text = "é".repeat(3_000_000);
    const { run } = agents.open([{ stdout: "Warning: new version\n[1, 2\n\n", turns: [{ text }] }]);
    const { result } = await run("go");
    expect(result?.["text"]).toHaveLength(text.length);
    expect(result?.["text"] === text).toBe(true);
  });

  test("fits the schema that was asked for, or the agent has failed", async () => {
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const { run, claude } = agents.open([
      { result: { result: "", structured_output: { n: 3 } } },
      { turns: [{ text: '{"n":4}' }] },
      { result: { structured_output: { n: "three" } } },
    ]);
    expect((await run("one", { output: schema })).result).toMatchObject({ output: { n: 3 } });
    expect((await run("two", { output: schema })).result).toMatchObject({ output: { n: 4 } });
    expect((await run("three", { output: schema })).failure).toMatchObject({
      code: "unfit_answer",
      message: expect.stringContaining("n: must be integer"),
    });
    const { args = [] } = claude.calls()[0] ?? {};
    expect(JSON.parse(args[args.indexOf("--json-schema") + 1] ?? "")).toMatchObject({ required: ["n"] });
  });

  test("may be asked with a prompt of more than 128 KiB, of which nothing stands on the command line", async () => {
    const { run, claude } = agents.open([{ turns: [{ text: "read {{stdin_bytes}} bytes" }] }]);
    const prompt = "äöü ".repeat(40_000);
    expect((await run(prompt)).result).toMatchObject({ text: `read ${Buffer.byteLength(prompt)} bytes` });
    expect(claude.calls()[0]?.args.join(" ")).not.toContain("äöü");
  });

  test("and its prompt are kept as artifacts", async () => {
    const { run, t } = agents.open([{}]);
    const { id } = await run("the task");
    const kept = ["agent.prompt", "agent.response"].map((name) => t.store.artifacts.newest(t.get(id).seq, name));
    expect(kept.map((one) => one && [one.kind, JSON.parse(t.store.payloads.read(one.value ?? ""))])).toEqual([
      ["prompt", "the task"],
      ["response", "done"],
    ]);
  });

  test("of a subscription, whose cost of nothing says that it is not known, costs null", async () => {
    const { run, t } = agents.open([{ ...twoTurns, costPerTurn: 0 }]);
    const { id, result, calls } = await run("go");
    expect(result).toMatchObject({ usage: { costUsd: null, inputTokens: 300 } });
    expect(calls[0]?.cost_usd).toBeNull();
    expect(t.store.budgets.find({ seq: t.get(id).seq, ordinal: 0 })?.unpriced).toBeGreaterThan(0);
  });

  test("of a subscription costs what its tokens cost where the price is known", async () => {
    const costOf = (_: string, usage: { outputTokens: number }) => usage.outputTokens;
    const { run } = agents.open([{ ...twoTurns, costPerTurn: 0 }], { costOf });
    expect((await run("go")).result).toMatchObject({ usage: { costUsd: 27 } });
  });
});

describe("an agent fails", () => {
  const cases: Record<string, { run: FakeClaudeRun; code: string; message: string }> = {
    "when it says so beside a subtype of success": {
      run: { turns: [{ text: "Credit balance is too low" }], result: { is_error: true } },
      code: "agent_failed",
      message: "Claude Code failed (success): Credit balance is too low",
    },
    "when the provider is busy": {
      run: { exitCode: 1, turns: [{ text: "try later" }], result: { is_error: true, api_error_status: 529 } },
      code: "overloaded",
      message: "try later",
    },
    "when the provider limits it": {
      run: { exitCode: 1, turns: [{ text: "slow down" }], result: { is_error: true, api_error_status: 429 } },
      code: "rate_limited",
      message: "slow down",
    },
    "when it is not logged in": {
      run: { exitCode: 1, turns: [{ text: "who are you" }], result: { is_error: true, api_error_status: 401 } },
      code: "unauthorized",
      message: "who are you",
    },
    "when what it prints is no JSON": {
      run: { stdout: "Welcome to Claude Code!\n", result: null, turns: [], exitCode: 0 },
      code: "no_output",
      message: "Claude Code ended without a result: Welcome to Claude Code!",
    },
    "when its exit code is not 0, with the end of what it said": {
      run: { stderr: `${"x".repeat(20_000)}\nthe disk is full\n`, result: null, turns: [], exitCode: 1 },
      code: "agent_failed",
      message: "the disk is full",
    },
    "when its exit code is not 0 though the result is fine": {
      run: { exitCode: 3, turns: [{ text: "fine" }] },
      code: "agent_failed",
      message: "Claude Code ended with exit code 3: fine",
    },
    "when its result is empty": {
      run: { turns: [{ text: "" }] },
      code: "no_output",
      message: "Claude Code ended without saying anything",
    },
    "when it ran into trouble": {
      run: { turns: [], result: { subtype: "error_during_execution", is_error: true, errors: ["no network"] } },
      code: "agent_failed",
      message: "Claude Code failed (error_during_execution): no network",
    },
  };

  test.each(Object.entries(cases))("%s", async (_, { run: script, code, message }) => {
    const { run } = agents.open([script]);
    const { status, failure, calls } = await run("go");
    expect({ status, failure }).toMatchObject({
      status: "failed",
      failure: { code, message: expect.stringContaining(message) },
    });
    expect(calls).toMatchObject([{ status: "failed", error: expect.stringContaining(message) }]);
  });

  test("when it was not done after as many turns as it had, with what it used", async () => {
    const { run, claude } = agents.open([
      { turns: [{ tools: [{ name: "Read" }] }, { tools: [{ name: "Read" }] }, {}] },
    ]);
    const { failure, calls } = await run("go", { maxTurns: 2 });
    expect(failure).toMatchObject({ code: "max_turns", hint: expect.stringContaining("maxTurns") });
    expect(calls).toMatchObject([{ status: "failed", input_tokens: 200, output_tokens: 40, tool_calls: 2 }]);
    expect(claude.calls()[0]?.args).toEqual(expect.arrayContaining(["--max-turns", "2"]));
  });

  test("is tried again when another attempt may end otherwise", async () => {
    const { run, claude } = agents.open([
      { exitCode: 1, result: { is_error: true, api_error_status: 529, result: "busy" } },
      { turns: [{ text: "at last" }] },
    ]);
    const { result, calls } = await run("go", { retries: { max: 1, backoff: 1 } });
    expect(result).toMatchObject({ text: "at last" });
    expect(calls.map(({ status }) => status)).toEqual(["failed", "completed"]);
    const [first, second] = claude.calls();
    expect(second).toMatchObject({ isResumed: false });
    expect(second?.sessionId).not.toBe(first?.sessionId);
  });

  test("where there is no Claude Code, with what to do about it", async () => {
    const { run } = agents.open([{}], { env: { SAVEPOINT_CLAUDE: undefined, PATH: "/nowhere" } });
    expect((await run("go")).failure).toMatchObject({
      code: "agent_not_found",
      message: "Claude Code cannot be found: there is no `claude` on the PATH",
      hint: expect.stringContaining("SAVEPOINT_CLAUDE"),
    });
  });
});
