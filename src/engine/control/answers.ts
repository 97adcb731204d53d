import { UserError } from "../../core/errors.ts";
import { compileJsonSchema } from "../../core/json-schema.ts";
import { optionsIn } from "../../core/schema-choices.ts";
import type { Failure } from "../../core/statuses.ts";
import { isTerminal } from "../../core/statuses.ts";
import { didYouMean } from "../../core/suggest.ts";
import { encodeValue } from "../../core/values.ts";
import { waitPlace } from "../../core/wait-place.ts";
import type { Execution } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import { entryId, selectorsOf } from "../../store/selectors.ts";
import type { Store } from "../../store/store.ts";
import type { Committer } from "../committer.ts";
import type { EngineContext } from "../ports.ts";
import { findExecution } from "./find.ts";
import { type KeyedCall, recall, remember } from "./idempotency.ts";
import { reread } from "./runs.ts";

export interface AnswerRequest {
  /** Name, selector or id; may be left out when one wait is pending. */
  wait?: string | undefined;
  value: unknown;
  /** Keep the answer when the wait is not asked yet. */
  early?: boolean | undefined;
  idempotencyKey?: string | undefined;
  answeredBy?: string | undefined;
}

/** Answers a wait: the first answer wins, in one conditional write, while the wait is pending and not past its deadline. */
export async function answer(
  context: EngineContext,
  committer: Committer,
  id: string,
  request: AnswerRequest,
): Promise<Execution> {
  const { store, clock } = context;
  const encoded = encodeValue(request.value, "value");
  const value = store.payloads.store(encoded);
  return committer.run(() => {
    const execution = findExecution(store, id);
    const keyed = keyOf(execution.id, request, encoded);
    if (recall(store, keyed) !== undefined) return execution;
    const now = clock.now();
    const choice = chooseWait(store, execution, request.wait, request.early === true);
    if (choice === "early") keepEarly(context, execution, { name: request.wait ?? "", value, answeredAt: now });
    else settleAnswer(context, execution, choice, { value, request, now });
    remember(store, keyed, execution.id, now);
    return reread(context, execution.seq);
  });
}

/** Ends a wait without an answer: the body sees `WaitAborted`. */
export async function abortWait(
  context: EngineContext,
  committer: Committer,
  id: string,
  request: { wait: string | undefined; reason: string | undefined },
): Promise<Execution> {
  const { store, clock } = context;
  return committer.run(() => {
    const execution = findExecution(store, id);
    const entry = chooseWait(store, execution, request.wait, false);
    if (entry === "early") throw new Error("an abort is never early");
    const now = clock.now();
    const reason = request.reason === undefined ? "" : `: ${request.reason}`;
    const failure: Failure = {
      code: "wait_aborted",
      message: `wait ${entry.name} was aborted${reason}`,
      origin: "wait",
    };
    const position = store.executions.addPosition(execution.seq, now);
    store.journal.settleWait(execution.seq, { ...entry, status: "aborted", position, failure, endedAt: now }, null);
    store.events.append(execution.seq, { type: "wait_aborted", at: now, ordinal: entry.ordinal });
    return reread(context, execution.seq);
  });
}

function keyOf(id: string, { idempotencyKey, wait }: AnswerRequest, value: string): KeyedCall | undefined {
  if (idempotencyKey === undefined) return undefined;
  return { operation: `answer ${id}`, key: idempotencyKey, request: { wait, value } };
}

function settleAnswer(
  { store }: EngineContext,
  execution: Execution,
  entry: JournalEntry,
  { value, request, now }: { value: string; request: AnswerRequest; now: number },
): void {
  if (entry.dueAt !== null && entry.dueAt <= now) throw pastDeadline(entry, entry.dueAt);
  refuseMisfit(entry, request.value);
  const position = store.executions.addPosition(execution.seq, now);
  const detail = request.answeredBy === undefined ? entry.detail : { ...entry.detail, answeredBy: request.answeredBy };
  const settled = { ...entry, status: "answered" as const, position, output: value, detail, endedAt: now };
  if (!store.journal.settleWait(execution.seq, settled, now)) throw new Error("a wait changed inside a transaction");
  store.events.append(execution.seq, { type: "wait_answered", at: now, ordinal: entry.ordinal });
}

function keepEarly(
  { store }: EngineContext,
  execution: Execution,
  answer: { name: string; value: string; answeredAt: number },
): void {
  if (!store.earlyAnswers.insert(execution.seq, answer)) {
    throw new UserError("conflict", `wait ${answer.name} has an early answer already; the first one wins`, {
      hint: "executions_get shows what happens when the wait is asked.",
    });
  }
  store.events.append(execution.seq, { type: "answered_early", at: answer.answeredAt, data: { wait: answer.name } });
}

/** Finds the wait that the caller means, or says why there is none to settle. */
function chooseWait(
  store: Store,
  execution: Execution,
  wanted: string | undefined,
  early: boolean,
): JournalEntry | "early" {
  const waits = store.journal.waits(execution.seq);
  const pending = waits.filter(({ status }) => status === "pending");
  const selectors = selectorsOf(waits);
  const names = (list: JournalEntry[]) => list.map(({ ordinal }) => selectors.get(ordinal) ?? "");
  if (wanted === undefined) {
    const answered = waits.findLast(({ status }) => status === "answered");
    if (pending.length === 0 && answered !== undefined && !early) throw alreadySettled(answered, execution);
    if (isTerminal(execution.status)) throw ended(execution);
    return onlyPending(store, pending, { names: names(pending), execution, early });
  }
  const namesOf = (entry: JournalEntry) => [
    entry.name,
    selectors.get(entry.ordinal),
    waitPlace(entry),
    entryId(execution.id, entry.ordinal),
  ];
  const means = (entry: JournalEntry) => namesOf(entry).includes(wanted);
  const meant = pending.filter(means);
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only;
  if (meant.length > 1) throw several(names(meant));
  const settled = waits.findLast(means);
  if (settled?.status === "answered") throw alreadySettled(settled, execution);
  if (isTerminal(execution.status)) throw ended(execution);
  if (settled !== undefined) throw alreadySettled(settled, execution);
  if (early) return "early";
  throw new UserError("not_found", `execution ${execution.id} has no pending wait ${JSON.stringify(wanted)}`, {
    hint:
      didYouMean(wanted, names(pending)) ??
      (pending.length > 0
        ? `Pending: ${names(pending).join(", ")}.`
        : "Nothing is pending. Call executions_get with wait_seconds, or pass early: true to answer before it is asked."),
    details: { pending: names(pending) },
  });
}

function onlyPending(
  store: Store,
  pending: JournalEntry[],
  { names, execution, early }: { names: string[]; execution: Execution; early: boolean },
): JournalEntry {
  const [only] = pending;
  if (pending.length > 1) throw several(names);
  if (only !== undefined) return only;
  if (early) {
    throw new UserError("invalid_input", "wait: an early answer must name the wait that it is for", {
      hint: "Pass wait with the name that the flow gives it.",
    });
  }
  const below = store.families.askingBelow(execution.seq);
  if (below !== undefined) {
    throw new UserError("invalid_state", `execution ${execution.id} asks nothing itself; one below it does`, {
      hint: `Answer ${below.workflow} instead: executions_input ${JSON.stringify({ execution_id: below.id })} with the value that is meant.`,
      details: { asking: below.id },
    });
  }
  throw new UserError("invalid_state", `execution ${execution.id} is ${execution.status} and has no pending wait`, {
    hint: "Call executions_get with wait_seconds until pending_waits shows one, or pass wait and early: true.",
  });
}

function several(names: string[]): UserError {
  return new UserError("ambiguous", `several waits are pending: ${names.join(", ")}`, {
    hint: "Say which one with wait.",
    details: { candidates: names },
  });
}

function alreadySettled(entry: JournalEntry, execution: Execution): UserError {
  const how = entry.status === "answered" ? "was answered already; the first answer wins" : `is ${entry.status}`;
  return new UserError("conflict", `wait ${entry.name} ${how}`, {
    hint: `Look at executions_get for ${execution.id}; to try another answer, use executions_replay.`,
    details: {
      status: entry.status,
      ...(entry.endedAt !== null && { ended_at: new Date(entry.endedAt).toISOString() }),
    },
  });
}

function ended(execution: Execution): UserError {
  return new UserError("invalid_state", `execution ${execution.id} is ${execution.status}: it waits for nobody`, {
    hint: "executions_replay starts it anew, and asks its waits again.",
    details: { status: execution.status },
  });
}

function pastDeadline(entry: JournalEntry, dueAt: number): UserError {
  return new UserError("invalid_state", `the deadline of wait ${entry.name} was ${new Date(dueAt).toISOString()}`, {
    hint: "Its onTimeout decides now; executions_get shows how the execution goes on.",
  });
}

function refuseMisfit(entry: JournalEntry, value: unknown): void {
  const schema = entry.detail?.["schema"];
  if (typeof schema !== "object" || schema === null) return;
  const problems = compileJsonSchema(schema as Record<string, unknown>)(value);
  if (problems.length === 0) return;
  // What options there are is said by the problem.
  const isOfOptions = optionsIn(schema as Record<string, unknown>) !== undefined;
  const takes = isOfOptions ? "" : ` takes: ${JSON.stringify(schema).slice(0, 2_000)}. It`;
  throw new UserError("invalid_input", `value: ${problems.join("; ")}`, {
    hint: `Wait ${entry.name}${takes} is still pending.`,
    details: { schema, problems },
  });
}
