import { after } from "../../core/clock.ts";
import type { Failure } from "../../core/statuses.ts";
import type { FlowDefinition } from "../../flows/flow.ts";
import type { Execution, ExecutionFailure, Fence } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import { selectorsOf } from "../../store/selectors.ts";
import type { Store } from "../../store/store.ts";
import { cancelAwaited, settleParent } from "../family.ts";
import type { ActivationPort } from "./activation-port.ts";
import { chainOf, failureOf, isStoreTrouble } from "./failures.ts";
import { reopen } from "./reopening.ts";

/** How an execution's body came out. */
export type Ending =
  | { status: "completed"; result: string }
  | { status: "failed"; failure: ExecutionFailure }
  /** It begins anew with this input, a payload column. */
  | { status: "continued"; input: string };

const firstRetryDelayMs = 1_000;
const longestRetryDelayMs = 60_000;

/**
 * Decides what the end of the body means for the execution.
 * @throws what the store does when it cannot keep the result
 */
export function endingOf(
  activation: ActivationPort,
  how: { result: unknown } | { input: string } | { error: unknown } | { failure: Failure },
): Ending {
  if ("result" in how || "input" in how) {
    const diverged = divergence(activation);
    if (diverged !== undefined) return failed(activation, diverged, undefined);
    return "input" in how ? { status: "continued", input: how.input } : completion(activation, how.result);
  }
  const failure = "failure" in how ? how.failure : failureOf(how.error, activation.context.store.protection);
  return failed(activation, failure, "error" in how ? how.error : undefined);
}

/** Inside the transaction: the row that ends the execution, or the beginning of its next attempt. */
export function writeEnding(activation: ActivationPort, definition: FlowDefinition, ending: Ending): void {
  const { context, execution, fence } = activation;
  const { store } = context;
  const at = activation.now();
  const unused = unusedEntries(activation);
  if (unused.length > 0) activation.event("entries_unused", null, { selectors: unused });
  switch (ending.status) {
    case "completed":
      store.executions.end(fence, { status: "completed", result: ending.result, failure: null }, at);
      store.journal.close(fence.seq, at, closedBy("completed"));
      store.journal.dropCandidates(fence.seq);
      if (hasChildren(activation)) cancelAwaited(store, fence.seq, "completed", at);
      activation.event("execution_completed", null);
      return settleParent(store, execution, { status: "completed", output: ending.result }, at);
    case "continued":
      activation.event("execution_continued", null, { continuation: execution.continuation + 1 });
      store.executions.continueAsNew(fence, { input: ending.input, lastOrdinal: activation.entries.lastOrdinal }, at);
      store.journal.clear(fence.seq);
      if (hasChildren(activation)) cancelAwaited(store, fence.seq, "completed", at);
      return store.logs.forgetFrontiers(fence.seq);
    case "failed":
      return writeFailure(store, { execution, fence, retries: definition.retries }, ending.failure, at);
    default:
      return ending satisfies never;
  }
}

function hasChildren({ entries }: ActivationPort): boolean {
  return entries.all().some(({ kind }) => kind === "child");
}

/** Inside the transaction: an execution that is held has failed; it ends, or what failed is tried again. */
export function writeFailure(
  store: Store,
  { execution, fence, retries }: { execution: Execution; fence: Fence; retries: number },
  failure: ExecutionFailure,
  at: number,
): void {
  const { seq } = fence;
  const { code, message, origin } = failure;
  store.journal.close(seq, at, closedBy("failed"));
  cancelAwaited(store, seq, "failed", at);
  // At a limit only a higher one helps.
  const mayRetry = origin !== "guardrail" && execution.attempt <= retries;
  const data = { attempt: execution.attempt, code, message };
  if (mayRetry && reopen(store, seq, { failure, now: at, data })) {
    const delay = Math.min(firstRetryDelayMs * 2 ** (execution.attempt - 1), longestRetryDelayMs);
    store.executions.rewind(fence, execution.timeoutMs === null ? null : after(at, execution.timeoutMs));
    store.executions.release(fence, at + delay, null);
    return;
  }
  store.executions.end(fence, { status: "failed", result: null, failure }, at);
  store.events.append(seq, { type: "execution_failed", at, data: { code, message, origin } });
  settleParent(store, execution, { status: "failed", failure }, at);
}

function completion(activation: ActivationPort, result: unknown): Ending {
  try {
    return { status: "completed", result: activation.encode(result, "result") };
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    return failed(activation, failureOf(error, activation.context.store.protection), error);
  }
}

function failed(activation: ActivationPort, failure: Failure, error: unknown): Ending {
  const entries = activation.entries.all();
  const inChain = [...chainOf(error)].flatMap((one) => activation.failedEntries.get(one) ?? []);
  const unseen = entries.filter((entry) => isFailure(entry) && isUndelivered(entry, activation));
  const closed = entries.filter(
    ({ status, reuse }) => reuse !== "candidate" && (status === "running" || status === "pending"),
  );
  return {
    status: "failed",
    failure: {
      ...failure,
      retriable: [...new Set([...inChain, ...unseen.map(({ ordinal }) => ordinal)])],
      closed: closed.map(({ ordinal }) => ordinal),
    },
  };
}

/** A child that was cancelled has failed its parent. */
function isFailure({ kind, status, position }: JournalEntry): boolean {
  return status === "failed" || (kind === "child" && status === "cancelled" && position !== null);
}

function isUndelivered(entry: JournalEntry, { delivery }: ActivationPort): boolean {
  return entry.position === null || entry.position > delivery.frontier;
}

/** Going on would do harm where a replay can no longer keep what was asked of it. */
function divergence({ execution, entries }: ActivationPort): Failure | undefined {
  const { replay } = execution;
  if (replay === null) return undefined;
  const { anchor } = replay;
  if (anchor !== null && entries.matcher.callsOf({ ...anchor, kind: "checkpoint" }) < anchor.occurrence) {
    return diverged(
      "anchor_unreached",
      `the replay ended without reaching checkpoint ${anchor.name}, from which it was to go on`,
    );
  }
  const names = Object.keys(replay.overrides).filter((name) => {
    return !entries
      .all()
      .some(
        (entry) =>
          entry.kind === "checkpoint" &&
          entry.name === name &&
          entry.reuse !== "candidate" &&
          entry.status !== "skipped",
      );
  });
  const ofCalls = replay.overriddenEntries.flatMap((ordinal) => {
    const entry = entries.get(ordinal);
    return entry?.reuse === "candidate" ? [`${entry.name}#${entry.occurrence}`] : [];
  });
  const unused = [...names, ...ofCalls];
  if (unused.length === 0) return undefined;
  return diverged("override_unused", `the replay ended without asking for what was overridden: ${unused.join(", ")}`);
}

function diverged(code: string, message: string): Failure {
  return {
    code,
    message,
    origin: "diverged",
    hint: "The new outputs led the flow another way. Look at its checkpoints, and replay with other overrides or another anchor.",
  };
}

/** What the journal holds and the body no longer asked for. */
function unusedEntries({ entries }: ActivationPort): string[] {
  // Past its deadline a body is not run at all, and leaves nothing out.
  if (!entries.matcher.wasAsked) return [];
  const left = entries.matcher
    .untaken()
    .filter(({ reuse, kind }) => reuse !== "candidate" && kind !== "log" && kind !== "progress");
  if (left.length === 0) return [];
  const selectors = selectorsOf(entries.all());
  return left.map(({ ordinal, name }) => selectors.get(ordinal) ?? name);
}

function closedBy(status: string): Failure {
  return { code: "wait_aborted", message: `the execution ${status} while this wait was open`, origin: "wait" };
}
