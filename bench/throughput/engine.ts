import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/core/clock.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { type FlowDefinition, flow, flowBrand } from "../../src/flows/flow.ts";
import { argumentHasher } from "../../src/secrets/data-key.ts";
import { guardSecrets } from "../../src/secrets/guard.ts";
import { deriveKeys } from "../../src/secrets/keys.ts";
import { assertDurable } from "../../src/store/database.ts";
import { openStore } from "../../src/store/store.ts";
import { type Subject, work } from "./subject.ts";

const longestMs = 60_000;

/** The subject of the measure: a flow that calls so many checkpoints. */
export function openEngine(folder: string): Subject {
  let bodies = 0;
  const { engine, store, close } = openInMemory(folder, benchFlow(() => bodies++)[flowBrand]);
  return {
    name: "engine",
    databasePath: store.databasePath,
    execute: (checkpoints) => execute(engine, { checkpoints }),
    bodiesRun: () => bodies,
    close,
  };
}

/** The real engine in process, with all its bookkeeping: only the loading of code is replaced, by a flow in memory. */
export function openInMemory(folder: string, definition: FlowDefinition) {
  const keys = deriveKeys(randomBytes(32));
  const store = openStore(folder, { protect: (parts) => guardSecrets(parts, () => keys) });
  const engine = createEngine({
    store,
    clock: systemClock,
    ports: {
      loadFlow: async () => ({ definition, dependencyChanges: {} }),
      loadedFlow: () => definition,
      hashArguments: argumentHasher(keys.dataKey),
      readSecret: () => {
        throw new Error("the benchmark has no secrets");
      },
      askModel: () => Promise.reject(new Error("the benchmark has no models")),
      runAgent: () => Promise.reject(new Error("the benchmark has no agents")),
    },
  });
  engine.startWorker({ concurrency: work.concurrency, leaseMs: work.leaseMs });
  return {
    engine,
    store,
    async close() {
      // The writing connection asserted it when it was opened; the reader is opened the same way.
      assertDurable(store.reader());
      await engine.close();
      store.close();
    },
  };
}

function benchFlow(onBody: () => void) {
  const step = checkpoint(work.checkpoint, async (_number: number) => {
    onBody();
    return work.output;
  });
  return flow(work.workflow, async ({ checkpoints }: { checkpoints: number }) => {
    for (let number = 1; number <= checkpoints; number++) await step(number);
    return work.result;
  });
}

/** Runs one execution to its end. */
export async function execute(engine: Engine, input: object): Promise<void> {
  const { id } = await engine.run({
    workflow: work.workflow,
    target: work.target,
    version: work.version,
    input,
    stack: "local",
    trigger: "api",
    tags: [],
    timeoutMs: null,
  });
  const { status } = await engine.watch(id, (execution) => isTerminal(execution.status), { timeoutMs: longestMs });
  if (status !== "completed") throw new Error(`execution ${id} is ${status}`);
}
