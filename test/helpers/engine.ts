import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { UserError } from "../../src/core/errors.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import { decodeValue } from "../../src/core/values.ts";
import type { ReplayInput } from "../../src/engine/control/replays.ts";
import type { RunRequest } from "../../src/engine/control/runs.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { EnginePorts } from "../../src/engine/ports.ts";
import type { Worker, WorkerOptions } from "../../src/engine/worker/worker.ts";
import { type Flow, type FlowDefinition, flowBrand } from "../../src/flows/flow.ts";
import type { Execution } from "../../src/store/execution.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { mortalStore } from "../../src/testing/mortal-store.ts";

/** A flow of whatever input and result. */
export type AnyFlow = Pick<Flow<never, unknown>, "flowName" | typeof flowBrand>;

export interface TestEngineOptions {
  clock?: Clock | undefined;
  capBytes?: number | undefined;
  /** Stands in the way of each transaction of this process; what it throws is an error of the store. */
  onWrite?: ((write: () => unknown) => unknown) | undefined;
  /** Versions that cannot be loaded. */
  missing?: Set<string> | undefined;
  /** Models and agents of the test's own. */
  ports?: Partial<EnginePorts> | undefined;
}

/** One store and one engine on it, as one process has them; `open` again on the same folder is another process. */
export interface TestEngine {
  folder: string;
  store: Store;
  engine: Engine;
  /** Starts a worker whose leases are renewed by nobody unless `renewer` is given. */
  work(options?: Partial<WorkerOptions>): Worker;
  /** Puts an execution of a flow on the record. */
  start(flow: AnyFlow, input?: unknown, options?: Partial<RunRequest>): Promise<Execution>;
  /** Starts an execution and waits until it has ended with a result. */
  run(flow: AnyFlow, input?: unknown): Promise<unknown>;
  get(id: string): Execution;
  /** Waits until the execution has ended. */
  ended(id: string): Promise<Execution>;
  /** Waits until it waits with nothing in memory. */
  waiting(id: string): Promise<Execution>;
  /** Waits until the wait is on the record, wherever the body is. */
  asked(id: string, wait: string): Promise<void>;
  result(id: string): Promise<unknown>;
  replay(id: string, request?: Partial<ReplayInput>): Promise<Execution>;
  entries(id: string): JournalEntry[];
  entry(id: string, name: string): JournalEntry;
  events(id: string): string[];
  logs(id: string): string[];
  /** Ends like a process that was killed: nothing more is written, and its leases stay as they are. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "savepoint-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** For a test file: a fresh folder for each test, in which everything that was opened is closed after it. */
export function useEngines(): {
  folder(): string;
  open(flows: readonly AnyFlow[], options?: TestEngineOptions): TestEngine;
} {
  let folder: ReturnType<typeof temporaryFolder>;
  let open: TestEngine[];
  beforeEach(() => {
    folder = temporaryFolder();
    open = [];
  });
  afterEach(async () => {
    for (const one of open) await one.close();
    folder.remove();
  });
  return {
    folder: () => folder.path,
    open(flows, options) {
      const engine = openTestEngine(folder.path, flows, options);
      open.push(engine);
      return engine;
    },
  };
}

export function openTestEngine(folder: string, flows: readonly AnyFlow[], options: TestEngineOptions = {}): TestEngine {
  const clock = options.clock ?? systemClock;
  const plug = { isPulled: false };
  const store = mortalStore(
    openStore(folder, options.capBytes === undefined ? {} : { capBytes: options.capBytes }),
    plug,
    options.onWrite,
  );
  const definitions = new Map<string, FlowDefinition>(flows.map((flow) => [flow.flowName, flow[flowBrand]]));
  const engine = createEngine({
    store,
    clock,
    ports: {
      async loadFlow(version, workflow) {
        const definition = definitions.get(workflow);
        if (definition === undefined || options.missing?.has(version))
          throw new Error(`the test has no flow ${workflow}`);
        return { definition, dependencyChanges: {} };
      },
      loadedFlow: (_, workflow) => definitions.get(workflow),
      hashArguments: (encoded) => createHmac("sha256", "test").update(encoded).digest("base64url"),
      readSecret: (name, key) => {
        throw new UserError("not_found", `the test has no secret ${name}.${key}`);
      },
      askModel: () => Promise.reject(new Error("the test has no models")),
      runAgent: () => Promise.reject(new Error("the test has no agents")),
      ...options.ports,
    },
  });
  const seqOf = (id: string) => get(id).seq;
  const get = (id: string) => {
    const execution = store.executions.byId(id);
    if (execution === undefined) throw new Error(`there is no execution ${id}`);
    return execution;
  };
  const watch = async (id: string, enough: (execution: Execution) => boolean) => {
    const execution = await engine.watch(id, enough, { timeoutMs: 10_000 });
    if (!enough(execution)) throw new Error(`execution ${id} is still ${JSON.stringify(execution)}`);
    return execution;
  };
  let closing: Promise<void> | undefined;
  const close = async () => {
    await engine.close();
    store.close();
  };
  const self: TestEngine = {
    folder,
    store,
    engine,
    work: (worker) => engine.startWorker({ concurrency: 10, renewer: () => ({ stop: async () => {} }), ...worker }),
    start: (flow, input, request = {}) =>
      engine.run({
        workflow: flow.flowName,
        target: `test:${flow.flowName}`,
        version: "test",
        input,
        stack: "local",
        trigger: "api",
        tags: [],
        timeoutMs: null,
        limits: flow[flowBrand].limits,
        ...request,
      }),
    async run(flow, input) {
      const { id } = await self.start(flow, input);
      return self.result(id);
    },
    get,
    ended: (id) => watch(id, ({ status }) => isTerminal(status)),
    waiting: (id) => watch(id, ({ status }) => status === "waiting" || isTerminal(status)),
    async asked(id, wait) {
      await watch(id, ({ seq }) => store.journal.pendingWaits(seq).some(({ name }) => name === wait));
    },
    async result(id) {
      const execution = await self.ended(id);
      if (execution.status !== "completed") throw new Error(JSON.stringify(execution, null, 1));
      return execution.result === null ? undefined : decodeValue(store.payloads.read(execution.result));
    },
    async replay(id, request = {}) {
      const version = { hash: "test", checkpoints: [] };
      const { execution } = await engine.replay(id, { version, timeoutMs: null, ...request });
      if (execution === null) throw new Error("a dry run has no execution");
      return execution;
    },
    entries: (id) => store.journal.load(seqOf(id)),
    entry(id, name) {
      const entry = store.journal.load(seqOf(id)).find((one) => one.name === name);
      if (entry === undefined) throw new Error(`nothing called ${name} is on the record`);
      return entry;
    },
    events: (id) =>
      store
        .reader()
        .prepare<[number], { type: string }>("SELECT type FROM events WHERE execution_seq = ? ORDER BY id")
        .all(seqOf(id))
        .map(({ type }) => type),
    logs: (id) =>
      store
        .reader()
        .prepare<[number], { message: string }>("SELECT message FROM logs WHERE execution_seq = ? ORDER BY id")
        .all(seqOf(id))
        .map(({ message }) => message),
    async crash() {
      plug.isPulled = true;
      engine.changes.local();
      // The worker looks, finds that it holds nothing, and drops its activations.
      await delay(1);
      await self.close();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
  return self;
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something holds that no store tells of. */
export async function until(holds: () => boolean, what = "the condition"): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`${what} never came about`);
    await delay(2);
  }
}
