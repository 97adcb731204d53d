import { after } from "../../core/clock.ts";
import { UserError } from "../../core/errors.ts";
import type { Limits } from "../../core/guardrails.ts";
import { newExecutionId } from "../../core/ids.ts";
import { isTerminal } from "../../core/statuses.ts";
import { encodeValue } from "../../core/values.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { Execution } from "../../store/execution.ts";
import type { Store } from "../../store/store.ts";
import type { Committer } from "../committer.ts";
import { deepestFamily, isTooDeep } from "../family.ts";
import type { EngineContext } from "../ports.ts";
import { findExecution } from "./find.ts";
import { recall, remember } from "./idempotency.ts";

export interface RunRequest {
  workflow: string;
  /** What the caller named; `code: "current"` of a replay resolves it again. */
  target: string;
  version: string;
  /** Already checked against the workflow's schema. */
  input: unknown;
  stack: string;
  trigger: string;
  tags: string[];
  timeoutMs: number | null;
  /** The execution on whose behalf it is started: it is shown below that one, and cancelled with it. */
  parentId?: string | undefined;
  /** The checkpoint of that execution which starts it: what it uses counts there too. */
  parentCheckpoint?: number | undefined;
  /** What models and agents may use in it and below it. */
  limits?: Limits | undefined;
  /** Models for steps: name of the step, or `*` for all, to a model. */
  models?: Record<string, string> | undefined;
  /** The folder in which its programs work, relative to the project. */
  workspace?: string | undefined;
  /** Limits for attempts of steps, in milliseconds: name of the step, or `*` for all. */
  timeouts?: Record<string, number> | undefined;
  idempotencyKey?: string | undefined;
}

export async function run(context: EngineContext, committer: Committer, request: RunRequest): Promise<Execution> {
  const { store, clock } = context;
  const encoded = encodeValue(request.input, "input");
  const input = request.input === undefined ? null : store.payloads.store(encoded);
  const keyed =
    request.idempotencyKey === undefined
      ? undefined
      : {
          operation: "run",
          key: request.idempotencyKey,
          request: {
            workflow: request.workflow,
            input: encoded,
            stack: request.stack,
            tags: request.tags,
            parentId: request.parentId,
            limits: request.limits,
            models: request.models,
            workspace: request.workspace,
            timeouts: request.timeouts,
          },
        };
  return committer.run(() => {
    const now = clock.now();
    const known = recall(store, keyed);
    const before = known === undefined ? undefined : store.executions.byId(known);
    if (before !== undefined) return before;
    const parent = request.parentId === undefined ? null : openParent(store, request.parentId);
    const id = newExecutionId();
    const seq = store.executions.insert({
      id,
      workflow: request.workflow,
      target: request.target,
      version: request.version,
      stack: request.stack,
      trigger: request.trigger,
      tags: request.tags,
      input,
      timeoutMs: request.timeoutMs,
      deadlineAt: request.timeoutMs === null ? null : after(now, request.timeoutMs),
      lastPosition: 0,
      parentSeq: parent?.seq ?? null,
      parentOrdinal: null,
      parentCheckpoint: parent === null ? null : checkpointOf(store, parent, request.parentCheckpoint),
      models: request.models,
      workspace: request.workspace,
      timeouts: request.timeouts,
      depth: parent === null ? 0 : parent.depth + 1,
      replayedFrom: null,
      replay: null,
      createdAt: now,
    });
    if (request.limits !== undefined) store.budgets.setLimits({ seq, ordinal: wholeExecution }, request.limits);
    const data = parent === null ? undefined : { parent_execution_id: parent.id };
    store.events.append(seq, { type: "execution_created", at: now, data });
    if (parent !== null) noteChild(store, parent, { id, workflow: request.workflow }, now);
    remember(store, keyed, id, now);
    return reread(context, seq);
  });
}

/** On the timeline of the one that started it. */
export function noteChild(
  store: Store,
  parent: Execution,
  { id, workflow }: { id: string; workflow: string },
  now: number,
): void {
  store.events.append(parent.seq, { type: "child_started", at: now, data: { execution_id: id, workflow } });
}

/** An agent's step may be over by the time that something is started for it. */
export function checkpointOf(store: Store, { seq }: Execution, ordinal: number | undefined): number | null {
  if (ordinal === undefined) return null;
  return store.journal.find(seq, ordinal)?.kind === "checkpoint" ? ordinal : null;
}

/** @throws UserError where nothing may be started below it */
export function openParent(store: Store, id: string): Execution {
  const parent = findExecution(store, id);
  if (isTerminal(parent.status)) {
    throw new UserError("invalid_state", `parent_execution_id: execution ${parent.id} is ${parent.status}`, {
      hint: "Only an execution that goes on takes children. Leave parent_execution_id out (or unset SAVEPOINT_PARENT_EXECUTION_ID) to start one that stands alone.",
      details: { status: parent.status },
    });
  }
  if (!isTooDeep(parent)) return parent;
  throw new UserError(
    "invalid_input",
    `parent_execution_id: ${deepestFamily} executions stand below one another already`,
    {
      hint: "Start it below an execution further up, or without a parent.",
    },
  );
}

export function reread({ store }: EngineContext, seq: number): Execution {
  const execution = store.executions.get(seq);
  if (execution === undefined) throw new Error(`execution ${seq} is gone`);
  return execution;
}
