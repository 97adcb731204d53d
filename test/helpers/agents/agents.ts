import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { type AgentsOptions, createAgents } from "../../../src/agents/agents.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { EnginePorts } from "../../../src/engine/ports.ts";
import { type AgentOptions, agent } from "../../../src/flows/agent.ts";
import { type FlowOptions, flow } from "../../../src/flows/flow.ts";
import { type FakeClaude, type FakeClaudeRun, fakeClaude } from "../../../src/testing/fake-claude.ts";
import { type AnyFlow, delay, type TestEngine, until, useEngines } from "../engine.ts";

export interface AgentTest {
  t: TestEngine;
  claude: FakeClaude;
  /** The folder that agents see as the project. */
  project: string;
  /** Runs a flow whose only step is this agent, and waits until it has ended. */
  run(prompt: string, options?: AgentOptions): Promise<AgentEnd>;
  /** The same without waiting for the end. */
  start(prompt: string, options?: AgentOptions): Promise<string>;
  end(id: string): AgentEnd;
}

export interface AgentEnd {
  id: string;
  status: string;
  /** What `agent()` answered. */
  result: Record<string, unknown> | undefined;
  /** Of the step. */
  failure: Record<string, unknown> | undefined;
  events: { type: string; data: Record<string, unknown> }[];
  calls: ModelCallRow[];
}

export interface ModelCallRow {
  kind: string;
  provider: string;
  model: string;
  status: string;
  error: string | null;
  finish_reason: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  tool_calls: number;
  cost_usd: number | null;
}

interface AgentTestOptions {
  env?: NodeJS.ProcessEnv;
  costOf?: AgentsOptions["costOf"];
  /** Of the flow. */
  options?: FlowOptions;
  /** Flows beside it. */
  flows?: AnyFlow[];
}

const prefix = "savepoint-agent-";

/** For a test file: an engine whose agents are a fake Claude Code; after each test nothing of them is left. */
export function useAgents(): { folder(): string; open(runs: FakeClaudeRun[], options?: AgentTestOptions): AgentTest } {
  const engines = useEngines();
  const before = process.env["TMPDIR"];
  let opened: AgentTest[];
  beforeEach(() => {
    opened = [];
    process.env["TMPDIR"] = join(engines.folder(), "tmp");
    mkdirSync(process.env["TMPDIR"]);
  });
  afterEach(async () => {
    const left = readdirSync(join(engines.folder(), "tmp")).filter((name) => name.startsWith(prefix));
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const pids = opened.flatMap(({ claude }) =>
      claude.calls().flatMap(({ pid, grandchild }) => [pid, grandchild ?? pid]),
    );
    expect({ left, running: pids.filter(isRunning) }).toEqual({ left: [], running: [] });
  });
  return {
    folder: () => engines.folder(),
    open(runs, { env = {}, costOf, options = {}, flows = [] } = {}) {
      const folder = engines.folder();
      const project = join(folder, "project");
      mkdirSync(project, { recursive: true });
      const claude = fakeClaude({ script: { runs }, folder: join(folder, "claude") });
      const asking = flow(
        "asking",
        ({ prompt, given }: { prompt: string; given: AgentOptions }) => agent(prompt, given),
        options,
      );
      const runAgent: EnginePorts["runAgent"] = (request, workplace) => agents.run(request, workplace);
      const t = engines.open([asking, ...flows], { ports: { runAgent } });
      const agents = createAgents({
        store: t.store,
        clock: systemClock,
        env: { PATH: process.env["PATH"], ...claude.env, ...env },
        projectRoot: project,
        serverProgram: { command: process.execPath, args: ["server.js"] },
        costOf,
      });
      t.work();
      const start: AgentTest["start"] = async (prompt, given = {}) =>
        (await t.start(asking, { prompt, given: { retries: 0, ...given } })).id;
      const end = (id: string) => endOf(t, id);
      const test: AgentTest = {
        t,
        claude,
        project,
        start,
        end,
        async run(prompt, given) {
          const id = await start(prompt, given);
          await t.ended(id);
          return end(id);
        },
      };
      opened.push(test);
      return test;
    },
  };
}

function endOf(t: TestEngine, id: string): AgentEnd {
  const execution = t.get(id);
  const { seq, status } = execution;
  const rows = <Row>(sql: string) => t.store.reader().prepare<[number], Row>(sql).all(seq);
  const column = execution.status === "completed" ? execution.result : null;
  const failed = t.entries(id).find((entry) => entry.status === "failed");
  const result = column === null ? undefined : JSON.parse(t.store.payloads.read(column));
  return {
    id,
    status,
    result: typeof result === "object" ? result : undefined,
    failure: failed?.failure ? { ...failed.failure } : undefined,
    events: rows<{ type: string; data: string | null }>(
      "SELECT type, data FROM events WHERE execution_seq = ? ORDER BY id",
    ).map(({ type, data }) => ({ type, data: data === null ? {} : JSON.parse(data) })),
    calls: rows<ModelCallRow>("SELECT * FROM model_calls WHERE execution_seq = ? ORDER BY id"),
  };
}

/** Zombies run no more. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

export { delay, until };
