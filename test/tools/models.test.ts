import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import type { ModelCallEnd, NewModelCall } from "../../src/store/model-calls.ts";
import { flowFile, type List, pages, ToolProject } from "./project.ts";

const flows = flowFile(`
const draft = checkpoint("draft", async () => "draft");
const check = checkpoint("check", async () => { throw new Error("not good"); });
export const notes = flow("notes", async () => draft());
export const failing = flow("failing", async () => { await draft(); await check(); });
export const parent = flow("parent", async () => (await notes.run(undefined)).result());
`);

let project: ToolProject;
let app: App;
beforeEach(async () => {
  project = new ToolProject({ "flows/flows.ts": flows });
  project.use(await project.open({ env: environment(), worker: true }));
  app = await project.app();
});
afterEach(() => project.close());

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], SAVEPOINT_CONFIG_HOME: `${project.root}/home`, ...more };
}

interface Execution {
  execution_id: string;
  status: string;
}

const run = (target: string) => project.call<Execution>("executions_run", { target, wait_seconds: 20 });

/** A request on the record, as calls of models put it there. */
function request(id: string, call: Partial<NewModelCall> = {}, how: Partial<ModelCallEnd> | "running" = {}): void {
  const { store, clock } = app;
  store.write(() => {
    const row = store.modelCalls.begin({
      executionSeq: app.findExecution(id).seq,
      ordinal: 1,
      checkpoint: "draft",
      kind: "llm",
      provider: "anthropic",
      model: "claude-opus-5-5",
      alias: null,
      attempt: 1,
      startedAt: clock.now(),
      ...call,
    });
    if (how === "running") return;
    store.modelCalls.end(row, {
      status: "completed",
      finishReason: "stop",
      error: null,
      retries: 0,
      inputTokens: 100,
      outputTokens: 10,
      cachedTokens: 40,
      reasoningTokens: 5,
      toolCalls: 1,
      costUsd: 0.25,
      firstTokenMs: 20,
      latencyMs: 100,
      ...how,
    });
  });
}

describe("models_list", () => {
  test("shows what aliases stand for, where their keys come from and what they cost, and never a key", async () => {
    await project.call("secrets_create", { name: "router", values: { KEY: "key-in-the-vault" } });
    project.write("savepoint.config.json", '{"models":{"prices":{"openai-compatible:org/m":{"input":1,"output":2}}}}');
    const env = environment({ ANTHROPIC_API_KEY: "key-of-the-environment" });
    const other = await project.open({ env });
    const { aliases } = other.models;
    aliases.register({ name: "fast", model: "anthropic:claude-haiku-4-5" });
    const baseUrl = "https://router.example/v1";
    aliases.register({ name: "router", model: "openai-compatible:org/m", secret: "router", baseUrl });
    aliases.register({ name: "unready", model: "openai:gpt-next" });
    project.use(other);
    const answer = await project.call<List<object> & { providers: object[] }>("models_list");
    expect(answer).toEqual({
      items: [
        {
          name: "fast",
          model: "anthropic:claude-haiku-4-5",
          is_default: true,
          base_url: null,
          key: { from: "environment", name: "ANTHROPIC_API_KEY", is_ready: true },
          price: { input: 1, output: 5, cached_input: 0.1 },
          created_at: expect.stringMatching(/Z$/),
        },
        expect.objectContaining({
          name: "router",
          is_default: false,
          base_url: baseUrl,
          key: { from: "secret", name: "router.KEY", is_ready: true },
          price: { input: 1, output: 2, cached_input: null },
        }),
        expect.objectContaining({
          name: "unready",
          key: { from: null, name: null, is_ready: false },
          price: null,
        }),
      ],
      next_cursor: null,
      total: 3,
      total_is_exact: true,
      providers: [
        { provider: "anthropic", key: { from: "environment", name: "ANTHROPIC_API_KEY", is_ready: true } },
        { provider: "openai", key: { from: null, name: null, is_ready: false } },
        { provider: "google", key: { from: null, name: null, is_ready: false } },
        { provider: "openai-compatible", key: { from: null, name: null, is_ready: true } },
        { provider: "ollama", key: { from: null, name: null, is_ready: true } },
      ],
    });
    expect(JSON.stringify(answer)).not.toMatch(/key-in-the-vault|key-of-the-environment/);
    other.secrets.remove("router");
    const { items } = await project.call<List<{ key: object }>>("models_list");
    expect(items[1]?.key).toEqual({ from: "secret", name: "router.?", is_ready: false });
  });
});

describe("models_calls", () => {
  test("shows every call, newest first, with what is known of it", async () => {
    const { execution_id } = await run("notes");
    request(execution_id, { alias: "fast" });
    request(
      execution_id,
      {},
      { status: "failed", error: `rate_limited: in ${project.root}/x`, costUsd: null, retries: 2 },
    );
    request(execution_id, {}, "running");
    const { items, total } = await project.call<List<object>>("models_calls", { execution_id });
    expect(total).toBe(3);
    expect(items).toEqual([
      expect.objectContaining({ status: "running", latency_ms: null, input_tokens: null, cost_usd: null }),
      expect.objectContaining({ status: "failed", error: "rate_limited: in x", retries: 2, cost_usd: null }),
      {
        call_id: 1,
        execution_id,
        workflow: "notes",
        checkpoint: "draft",
        kind: "llm",
        model: "anthropic:claude-opus-5-5",
        alias: "fast",
        status: "completed",
        attempt: 1,
        retries: 0,
        started_at: expect.stringMatching(/Z$/),
        latency_ms: 100,
        first_token_ms: 20,
        input_tokens: 100,
        output_tokens: 10,
        cached_tokens: 40,
        reasoning_tokens: 5,
        tool_calls: 1,
        cost_usd: 0.25,
        finish_reason: "stop",
        error: null,
      },
    ]);
  });

  test("filters by execution, checkpoint, model, alias, status and time, and pages", async () => {
    const [one, other] = [await run("notes"), await run("notes")];
    app.models.aliases.register({ name: "fast", model: "anthropic:claude-opus-5-5" });
    const now = app.clock.now();
    const ago = (hours: number) => ({ startedAt: now - hours * 3_600_000 });
    request(one.execution_id, { ...ago(5), alias: "fast" });
    request(one.execution_id, { ...ago(4), checkpoint: "check" });
    request(other.execution_id, { ...ago(3), provider: "ollama", model: "llama3.2:3b" });
    request(other.execution_id, { ...ago(2) }, { status: "failed", error: "overloaded" });
    request(other.execution_id, { ...ago(1) });
    const found = async (filter: object) =>
      (await project.call<List<{ call_id: number }>>("models_calls", filter)).items.map(({ call_id }) => call_id);
    expect(await found({})).toEqual([5, 4, 3, 2, 1]);
    expect(await found({ execution_id: one.execution_id })).toEqual([2, 1]);
    expect(await found({ checkpoint: "check" })).toEqual([2]);
    expect(await found({ model: "llama3.2:3b" })).toEqual([3]);
    expect(await found({ model: "ollama:llama3.2:3b" })).toEqual([3]);
    expect(await found({ model: "openai:llama3.2:3b" })).toEqual([]);
    expect(await found({ model: "anthropic:claude-opus-5-5", execution_id: other.execution_id })).toEqual([5, 4]);
    expect(await found({ model: "fast" })).toEqual([1]);
    expect(await found({ status: "failed" })).toEqual([4]);
    expect(await found({ since: "150m" })).toEqual([5, 4]);
    expect(await found({ until: "150m" })).toEqual([3, 2, 1]);
    expect(await found({ since: "270m", until: "90m" })).toEqual([4, 3, 2]);
    expect(await found({ since: "10m" })).toEqual([]);
    const paged = await pages<{ call_id: number }>(project, "models_calls", { limit: 2 });
    expect(paged.map((page) => page.map(({ call_id }) => call_id))).toEqual([[5, 4], [3, 2], [1]]);
  });
});

interface Group {
  group: string;
  workflow: string | null;
  count: number;
  failed: number;
}
interface Statistics {
  counts: string;
  items: Group[];
  total: number;
  durations_are_sampled: boolean;
}

const statistics = (args: object) => project.call<Statistics>("executions_statistics", args);

describe("executions_statistics", () => {
  test("counts executions by workflow, with what their own calls used", async () => {
    const notes = await run("notes");
    await run("notes");
    await run("failing");
    request(notes.execution_id);
    request(notes.execution_id, {}, { costUsd: null, latencyMs: 301 });
    const { items, ...about } = await statistics({});
    expect(about).toEqual({ group_by: "workflow", counts: "executions", total: 2, durations_are_sampled: false });
    const duration_ms = { p50: expect.any(Number), p95: expect.any(Number) };
    expect(items).toEqual([
      {
        group: "notes",
        workflow: null,
        count: 2,
        failed: 0,
        duration_ms,
        requests: 2,
        input_tokens: 200,
        output_tokens: 20,
        cached_tokens: 80,
        reasoning_tokens: 10,
        tool_calls: 2,
        cost_usd: 0.25,
        unpriced: 1,
        model_latency_ms: { average: 201, min: 100, max: 301 },
      },
      expect.objectContaining({ group: "failing", failed: 1, requests: 0, cost_usd: 0, model_latency_ms: null }),
    ]);
  });

  test("counts checkpoints of a workflow, and calls of a model with their latencies", async () => {
    const failing = await run("failing");
    await run("notes");
    for (let latencyMs = 1; latencyMs <= 20; latencyMs++)
      request(failing.execution_id, { checkpoint: "check" }, { latencyMs, costUsd: null, status: "failed" });
    request(failing.execution_id, { provider: "ollama", model: "m" }, { costUsd: 0 });
    const checkpoints = await statistics({ group_by: "checkpoint", workflow: "failing" });
    expect(checkpoints.counts).toBe("checkpoints");
    expect(checkpoints.items).toHaveLength(2);
    expect(checkpoints.items).toContainEqual(
      expect.objectContaining({
        group: "check",
        workflow: "failing",
        count: 1,
        failed: 1,
        requests: 20,
        cost_usd: null,
      }),
    );
    expect(checkpoints.items).toContainEqual(expect.objectContaining({ group: "draft", count: 1, requests: 1 }));
    const models = await statistics({ group_by: "model" });
    expect(models.counts).toBe("calls");
    expect(models.items).toEqual([
      expect.objectContaining({
        group: "anthropic:claude-opus-5-5",
        count: 20,
        failed: 20,
        duration_ms: { p50: 10, p95: 19 },
        cost_usd: null,
        unpriced: 20,
      }),
      expect.objectContaining({ group: "ollama:m", count: 1, failed: 0, cost_usd: 0, unpriced: 0 }),
    ]);
  });

  test("takes an execution with its children, and every request once", async () => {
    const { execution_id } = await run("parent");
    await run("notes");
    const { items } = await project.call<List<Execution>>("executions_list", { parent_execution_id: execution_id });
    const child = items[0]?.execution_id ?? "";
    request(execution_id);
    request(child);
    const found = await statistics({ group_by: "execution", execution_id });
    expect(found.items.map(({ group }) => group)).toEqual([child, execution_id]);
    expect(found.items).toEqual([expect.objectContaining({ requests: 1 }), expect.objectContaining({ requests: 1 })]);
    expect((await statistics({ group_by: "workflow", execution_id })).items.map(({ group }) => group).sort()).toEqual([
      "notes",
      "parent",
    ]);
  });

  test("filters by tags and time, and shows as many groups as asked for", async () => {
    await project.call("executions_run", { target: "notes", tags: ["nightly", "a"], wait_seconds: 20 });
    await project.call("executions_run", { target: "failing", tags: ["nightly"], wait_seconds: 20 });
    const groups = async (args: object) => (await statistics(args)).items.map(({ group, count }) => [group, count]);
    expect(await groups({ group_by: "status", tags: ["nightly"] })).toHaveLength(2);
    expect(await groups({ group_by: "status", tags: ["nightly", "a"] })).toEqual([["completed", 1]]);
    expect(await groups({ group_by: "day", since: "1h" })).toEqual([[new Date().toISOString().slice(0, 10), 2]]);
    expect(await groups({ until: "1h" })).toEqual([]);
    expect(await statistics({ group_by: "execution", limit: 1 })).toMatchObject({ total: 2, items: [{ count: 1 }] });
  });
});
