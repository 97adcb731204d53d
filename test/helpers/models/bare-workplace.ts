import { openBudget } from "../../../src/budgets/budgets.ts";
import { placesAbove } from "../../../src/budgets/places.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Limits } from "../../../src/core/guardrails.ts";
import { newId } from "../../../src/core/ids.ts";
import type { WorkEvent, Workplace } from "../../../src/core/workplace.ts";
import { wholeExecution } from "../../../src/store/budgets.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { temporaryFolder } from "../engine.ts";
import { newExecution } from "../new-execution.ts";

export interface BareWorkplace {
  store: Store;
  workplace: Workplace;
  events: { type: WorkEvent; data: Record<string, unknown> }[];
  described: Record<string, unknown>;
  saved: Map<string, unknown>;
  abort(reason: Error): void;
  /** Rows of the table of model calls. */
  calls(): Record<string, unknown>[];
  close(): void;
}

/** A checkpoint without an engine around it, on a real store and under real budgets. */
export function bareWorkplace({
  limits = {},
  isWhole = true,
}: {
  limits?: Limits;
  isWhole?: boolean;
} = {}): BareWorkplace {
  const folder = temporaryFolder();
  const store = openStore(folder.path);
  const execution = runningExecution(store);
  const controller = new AbortController();
  const events: BareWorkplace["events"] = [];
  const described: Record<string, unknown> = {};
  const saved = new Map<string, unknown>();
  const ordinal = 1;
  const selector = "draft";
  store.write(() => store.budgets.setLimits({ seq: execution.seq, ordinal: wholeExecution }, limits));
  const write = async <T>(work: () => T) => store.write(work);
  const holder = { seq: execution.seq, epoch: execution.epoch, signal: controller.signal };
  const places = placesAbove(store, execution, ordinal, selector);
  const workplace: Workplace = {
    executionId: execution.id,
    executionSeq: execution.seq,
    workflow: execution.workflow,
    ordinal,
    selector,
    step: "draft",
    attempt: 1,
    remembered: {},
    signal: controller.signal,
    idempotencyKey: `${execution.id}:draft`,
    models: { run: {}, flow: {} },
    budget: openBudget({ store, clock: systemClock, write }, places, holder),
    isWholeCheckpoint: isWhole,
    event: (type, data) => void events.push({ type, data }),
    describe: (fields) => void Object.assign(described, fields),
    progress: () => {},
    save: async (name, _kind, value) => void saved.set(name, value),
    remember: async () => {},
    write,
    recordGroup: async () => {},
    forgetGroup: async () => {},
  };
  return {
    store,
    workplace,
    events,
    described,
    saved,
    abort: (reason) => controller.abort(reason),
    calls: () => store.reader().prepare<[], Record<string, unknown>>("SELECT * FROM model_calls ORDER BY id").all(),
    close() {
      store.close();
      folder.remove();
    },
  };
}

function runningExecution(store: Store) {
  return store.write(() => {
    const now = Date.now();
    store.executions.insert(newExecution({ id: newId(), workflow: "report", createdAt: now }));
    const [execution] = store.executions.claim("worker", now + 60_000, now, 1);
    if (execution === undefined) throw new Error("the execution was not claimed");
    return execution;
  });
}
