import { isUserError } from "../../src/core/errors.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import type { Execution } from "../../src/store/execution.ts";
import type { Store } from "../../src/store/store.ts";
import type { MovedClock } from "../../src/testing/clock.ts";
import type { EngineProcess } from "./process.ts";

/** Who stands around the executions: people who answer or abort waits, mend what is broken, pause and resume. */
export interface World {
  /** Undefined: nobody answers. */
  reactTo(wait: string): { answer: unknown } | "abort" | undefined;
  /** Whether a failed execution is to be tried again, now that what was broken is mended. */
  mends?(execution: Execution): boolean;
  /** What is done besides, at this look. */
  meddle?(): Meddling | undefined;
  /** Told when a wait's answer or abort was acknowledged. */
  onSettled?(wait: string): void;
}

export type Meddling = { kind: "pause" } | { kind: "early"; wait: string } | { kind: "leap"; ms: number };

const shortMs = 200;
/** While something still runs: what lies days ahead must not come about because the machine is slow. */
const longestJumpMs = 30_000;

/** Looks once at everything in the store that is open, reacts, and moves the clock. @returns whether anything is open */
export async function turn(process: EngineProcess, clock: MovedClock, world: World): Promise<boolean> {
  const open = openExecutions(process.store, world);
  if (open.length === 0) return false;
  const meddling = world.meddle?.();
  for (const execution of open) await react(process, execution, world, meddling);
  const isAsked = open.some(({ seq }) =>
    process.store.journal.pendingWaits(seq).some(({ name }) => world.reactTo(name) !== undefined),
  );
  if (meddling?.kind === "leap") clock.move(meddling.ms);
  // Read anew: what was answered just now no longer rests until its next instant.
  else if (!isAsked) clock.move(stepMs(openExecutions(process.store, world), clock.now()));
  return true;
}

function openExecutions(store: Store, { mends }: World): Execution[] {
  const rows = store
    .reader()
    .prepare<[], { seq: number }>(
      "SELECT seq FROM executions WHERE status NOT IN ('completed', 'cancelled') ORDER BY seq",
    )
    .all();
  return rows.flatMap(({ seq }) => {
    const execution = store.executions.get(seq);
    if (execution === undefined) return [];
    return !isTerminal(execution.status) || mends?.(execution) === true ? [execution] : [];
  });
}

async function react(
  { store, engine }: EngineProcess,
  execution: Execution,
  world: World,
  meddling: Meddling | undefined,
): Promise<void> {
  const { id, seq, status } = execution;
  if (status === "failed") return void (await allowed(engine.retry(id)));
  for (const { name, ordinal } of store.journal.pendingWaits(seq)) {
    const reaction = world.reactTo(name);
    if (reaction === undefined) continue;
    const wait = `${id}:${ordinal}`;
    const operation =
      reaction === "abort"
        ? engine.abortWait(id, { wait, reason: undefined })
        : engine.answer(id, { wait, value: reaction.answer });
    if (await allowed(operation)) world.onSettled?.(wait);
  }
  if (status === "paused") await allowed(engine.resume(id));
  if (meddling?.kind === "pause") await allowed(engine.pause(id));
  if (meddling?.kind === "early") await answerEarly({ engine, id, world, wait: meddling.wait });
}

async function answerEarly({
  engine,
  id,
  world,
  wait,
}: { world: World; id: string; wait: string } & Pick<EngineProcess, "engine">) {
  const reaction = world.reactTo(wait);
  if (typeof reaction === "object") await allowed(engine.answer(id, { wait, value: reaction.answer, early: true }));
}

/** What the execution's own progress makes impossible is refused, and that is well. @returns whether it was not */
async function allowed(operation: Promise<unknown>): Promise<boolean> {
  try {
    await operation;
    return true;
  } catch (error) {
    if (isUserError(error) && ["invalid_state", "conflict", "ambiguous", "not_found"].includes(error.code))
      return false;
    throw error;
  }
}

function stepMs(open: readonly Execution[], now: number): number {
  const wakes = open.flatMap((one) => (one.status === "waiting" && one.wakeAt !== null ? [one.wakeAt - now] : []));
  const isAllAtRest = open.every(({ status }) => status === "waiting");
  const jump = Math.min(...wakes, isAllAtRest ? Number.POSITIVE_INFINITY : longestJumpMs);
  return Number.isFinite(jump) && wakes.length > 0 ? Math.max(jump, isAllAtRest ? 0 : shortMs) : shortMs;
}
