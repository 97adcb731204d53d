import { createHmac } from "node:crypto";
import type { Clock } from "../../src/core/clock.ts";
import { UserError } from "../../src/core/errors.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { Worker, WorkerOptions } from "../../src/engine/worker/worker.ts";
import { type Flow, type FlowDefinition, flowBrand } from "../../src/flows/flow.ts";
import type { Execution } from "../../src/store/execution.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { mortalStore, type OnWrite } from "../../src/testing/mortal-store.ts";

/** A flow of whatever input and result. */
export type AnyFlow = Pick<Flow<never, unknown>, "flowName" | typeof flowBrand>;

/** The real store and the real engine as one process has them; opened again on the same folder it is another process. */
export interface EngineProcess {
  readonly store: Store;
  readonly engine: Engine;
  /** Starts a worker whose leases nobody renews unless `renewer` is given. */
  work(options: Partial<WorkerOptions> & { id: string }): Worker;
  start(flow: AnyFlow, input: unknown, options: StartOptions): Promise<Execution>;
  get(id: string): Execution;
  /** Ends like a process that was killed: nothing more is written, and its leases stay as they are. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export interface StartOptions {
  idempotencyKey: string;
  timeoutMs?: number | null;
}

export interface ProcessOptions {
  clock: Clock;
  onWrite?: OnWrite;
}

/** The hash that stands for the keyed one of a project. */
export const hashArguments = (encoded: string) => createHmac("sha256", "test").update(encoded).digest("base64url");

export function openProcess(folder: string, flows: readonly AnyFlow[], options: ProcessOptions): EngineProcess {
  const plug = { isPulled: false };
  const store = mortalStore(openStore(folder), plug, options.onWrite);
  const definitions = new Map<string, FlowDefinition>(flows.map((flow) => [flow.flowName, flow[flowBrand]]));
  const engine = createEngine({
    store,
    clock: options.clock,
    ports: {
      async loadFlow(_, workflow) {
        const definition = definitions.get(workflow);
        if (definition === undefined) throw new Error(`there is no flow ${workflow} here`);
        return { definition, dependencyChanges: {} };
      },
      loadedFlow: (_, workflow) => definitions.get(workflow),
      hashArguments,
      readSecret: (name, key) => {
        throw new UserError("not_found", `there is no secret ${name}.${key} here`);
      },
      askModel: () => Promise.reject(new Error("there are no models here")),
      runAgent: () => Promise.reject(new Error("there are no agents here")),
    },
  });
  const close = async () => {
    await engine.close();
    store.close();
  };
  return {
    store,
    engine,
    work: (worker) => engine.startWorker({ concurrency: 50, renewer: () => ({ stop: async () => {} }), ...worker }),
    start: (flow, input, { idempotencyKey, timeoutMs = null }) =>
      engine.run({
        workflow: flow.flowName,
        target: `test:${flow.flowName}`,
        version: "test",
        input,
        stack: "local",
        trigger: "api",
        tags: [],
        timeoutMs,
        idempotencyKey,
      }),
    get(id) {
      const execution = store.executions.byId(id);
      if (execution === undefined) throw new Error(`there is no execution ${id}`);
      return execution;
    },
    async crash() {
      plug.isPulled = true;
      engine.changes.local();
      // The worker looks, finds that it holds nothing, and drops its activations.
      await new Promise((resolve) => setTimeout(resolve, 1));
      await close();
    },
    close,
  };
}
