import { after } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import { encodeValue } from "../../core/values.ts";
import type { Execution } from "../../store/executions.ts";
import type { Committer } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
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
          request: { workflow: request.workflow, input: encoded, stack: request.stack, tags: request.tags },
        };
  return committer.run(() => {
    const now = clock.now();
    const known = recall(store, keyed);
    const before = known === undefined ? undefined : store.executions.byId(known);
    if (before !== undefined) return before;
    const id = newId();
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
      parentSeq: null,
      parentOrdinal: null,
      depth: 0,
      replayedFrom: null,
      replay: null,
      createdAt: now,
    });
    store.events.append(seq, { type: "execution_created", at: now });
    remember(store, keyed, id, now);
    return reread(context, seq);
  });
}

export function reread({ store }: EngineContext, seq: number): Execution {
  const execution = store.executions.get(seq);
  if (execution === undefined) throw new Error(`execution ${seq} is gone`);
  return execution;
}
