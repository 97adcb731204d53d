import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHmac } from "node:crypto";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import { decodeValue } from "../../src/core/values.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { flowBrand, type Flow, type FlowDefinition } from "../../src/flows/flow.ts";
import type { Execution } from "../../src/store/executions.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import { openStore, type Store } from "../../src/store/store.ts";

// biome-ignore lint/suspicious/noExplicitAny: a flow of whatever input and result
export type AnyFlow = Flow<any, any>;

/** One store and one engine on it, as one process has them; `open` again on the same folder is another process. */
export interface TestEngine {
  folder: string;
  store: Store;
  engine: Engine;
  /** Puts an execution of a flow on the record. */
  start(flow: AnyFlow, input?: unknown, options?: { timeoutMs?: number; idempotencyKey?: string }): Promise<Execution>;
  /** Waits until the execution has ended. */
  ended(id: string): Promise<Execution>;
  /** Waits until it waits. */
  waiting(id: string): Promise<Execution>;
  result(id: string): Promise<unknown>;
  entries(id: string): JournalEntry[];
  events(id: string): string[];
  close(): Promise<void>;
}

export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "savepoint-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function openTestEngine(folder: string, flows: readonly AnyFlow[], clock: Clock = systemClock): TestEngine {
  const store = openStore(folder);
  const definitions = new Map<string, FlowDefinition>(flows.map((flow) => [flow.flowName, flow[flowBrand]]));
  const engine = createEngine({
    store,
    clock,
    ports: {
      async loadFlow(_version, workflow) {
        const definition = definitions.get(workflow);
        if (definition === undefined) throw new Error(`the test has no flow ${workflow}`);
        return { definition, dependencyChanges: {} };
      },
      hashArguments: (encoded) => createHmac("sha256", "test").update(encoded).digest("base64url"),
    },
  });
  const watch = (id: string, enough: (execution: Execution) => boolean) =>
    engine.watch(id, enough, { timeoutMs: 10_000 }).then((execution) => {
      if (!enough(execution)) throw new Error(`execution ${id} is still ${execution.status}`);
      return execution;
    });
  return {
    folder,
    store,
    engine,
    start: (flow, input, options = {}) =>
      engine.run({
        workflow: flow.flowName,
        target: `test:${flow.flowName}`,
        version: "test",
        input,
        stack: "local",
        trigger: "api",
        tags: [],
        timeoutMs: options.timeoutMs ?? null,
        idempotencyKey: options.idempotencyKey,
      }),
    ended: (id) => watch(id, ({ status }) => isTerminal(status)),
    waiting: (id) => watch(id, ({ status }) => status === "waiting" || isTerminal(status)),
    async result(id) {
      const execution = await watch(id, ({ status }) => isTerminal(status));
      if (execution.status !== "completed") throw new Error(JSON.stringify(execution, null, 1));
      return execution.result === null ? undefined : decodeValue(store.payloads.read(execution.result));
    },
    entries: (id) => store.journal.load(store.executions.byId(id)?.seq ?? 0),
    events: (id) =>
      store
        .reader()
        .prepare<[number], { type: string }>("SELECT type FROM events WHERE execution_seq = ? ORDER BY id")
        .all(store.executions.byId(id)?.seq ?? 0)
        .map(({ type }) => type),
    async close() {
      await engine.close();
      store.close();
    },
  };
}
