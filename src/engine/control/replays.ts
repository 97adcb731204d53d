import { after } from "../../core/clock.ts";
import { UserError } from "../../core/errors.ts";
import { newExecutionId } from "../../core/ids.ts";
import { encodeValue } from "../../core/values.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { Execution } from "../../store/execution.ts";
import type { Committer } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import { findExecution } from "./find.ts";
import { recall, remember } from "./idempotency.ts";
import { planReplay, type ReplayPlan } from "./replay-plan.ts";
import { checkpointOf, noteChild, openParent, reread } from "./runs.ts";

export interface ReplayInput {
  /** Checkpoint name, selector or id; none: everything re-runs. */
  from?: string | undefined;
  /** `checkpoint.<selector>` to value. */
  overrides?: Record<string, unknown> | undefined;
  /** The whole new input, already layered over the recorded one and checked; undefined: the recorded one. */
  input?: { value: unknown } | undefined;
  reuseAnswers?: boolean | undefined;
  dryRun?: boolean | undefined;
  idempotencyKey?: string | undefined;
  /** The version to run, and the checkpoint names that it declares. */
  version: { hash: string; checkpoints: readonly string[] };
  timeoutMs: number | null;
  /** The execution on whose behalf it is started, and the checkpoint of it that does. */
  parentId?: string | undefined;
  parentCheckpoint?: number | undefined;
}

export type ReplayOutcome = { plan: ReplayPlan; execution: Execution | null };

/** Starts a new execution from the record of another, which stays as it is. */
export async function replay(
  context: EngineContext,
  committer: Committer,
  id: string,
  request: ReplayInput,
): Promise<ReplayOutcome> {
  const { store, clock } = context;
  const encoded = encodeOverrides(request.overrides ?? {});
  const overrides = mapValues(encoded, (value) => store.payloads.store(value));
  const input = request.input && encodeValue(request.input.value, "input");
  return committer.run(() => {
    const source = findExecution(store, id);
    const keyed = keyOf(source.id, request, { overrides: encoded, input });
    const known = recall(store, keyed);
    if (known === undefined) refuseRunning(source);
    const entries = store.journal.load(source.seq);
    const plan = planReplay(entries, {
      executionId: source.id,
      from: request.from,
      overrides,
      reuseAnswers: request.reuseAnswers ?? false,
      declared: request.version.checkpoints,
    });
    if (known !== undefined) return { plan, execution: store.executions.byId(known) ?? null };
    if (request.dryRun) return { plan, execution: null };
    const now = clock.now();
    const parent = request.parentId === undefined ? null : openParent(store, request.parentId);
    const newId = newExecutionId();
    const seq = store.executions.insert({
      id: newId,
      workflow: source.workflow,
      target: source.target,
      version: request.version.hash,
      stack: source.stack,
      trigger: "replay",
      tags: source.tags,
      input: input === undefined ? source.input : store.payloads.store(input),
      timeoutMs: request.timeoutMs,
      deadlineAt: request.timeoutMs === null ? null : after(now, request.timeoutMs),
      lastPosition: plan.entries.reduce((last, { position }) => Math.max(last, position ?? 0), 0),
      parentSeq: parent?.seq ?? null,
      parentOrdinal: null,
      parentCheckpoint: parent === null ? null : checkpointOf(store, parent, request.parentCheckpoint),
      models: source.models,
      workspace: source.workspace,
      timeouts: source.timeouts,
      depth: parent === null ? 0 : parent.depth + 1,
      replayedFrom: source.id,
      replay: plan.request,
      createdAt: now,
    });
    const limits = store.budgets.find({ seq: source.seq, ordinal: wholeExecution })?.limits;
    if (limits !== undefined) store.budgets.setLimits({ seq, ordinal: wholeExecution }, limits);
    for (const entry of plan.entries) store.journal.insert(seq, entry);
    store.events.append(seq, { type: "execution_created", at: now, data: { replayed_from: source.id } });
    if (parent !== null) noteChild(store, parent, { id: newId, workflow: source.workflow }, now);
    remember(store, keyed, newId, now);
    return { plan, execution: reread(context, seq) };
  });
}

function keyOf(sourceId: string, request: ReplayInput, encoded: { overrides: object; input: string | undefined }) {
  if (request.idempotencyKey === undefined || request.dryRun) return undefined;
  const { from, reuseAnswers, version } = request;
  const asked = { from, ...encoded, reuseAnswers, version: version.hash };
  return { operation: `replay ${sourceId}`, key: request.idempotencyKey, request: asked };
}

function encodeOverrides(overrides: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(overrides).map(([key, value]) => [key, encodeValue(value, `overrides.${key}`)]),
  );
}

function mapValues(record: Record<string, string>, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function refuseRunning(source: Execution): void {
  if (source.status !== "running") return;
  throw new UserError("invalid_state", `execution ${source.id} is running: its record still grows`, {
    hint: "Wait until it ends or waits (executions_get with wait_seconds), or cancel it, then replay.",
    details: { status: source.status },
  });
}
