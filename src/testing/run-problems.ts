import { UserError } from "../core/errors.ts";
import { isTerminal } from "../core/statuses.ts";
import type { Execution } from "../store/execution.ts";
import { RunRecord } from "./run-record.ts";
import type { Session } from "./session.ts";

/** Somebody wants the result of an execution that does not end by itself. */
export function notEnded(session: Session, execution: Execution): UserError {
  const { status, blockedReason } = execution;
  const waits = new RunRecord(session.process, execution).pendingWaits();
  const [first] = waits;
  const names = waits.map(({ name }) => name).join(", ");
  const why = first !== undefined ? `, and asks: ${names}` : blockedReason === null ? "" : `: ${blockedReason}`;
  const answer = first === undefined ? "" : `Answer it: await run.answer(value, { wait: "${first.name}" }). `;
  return new UserError("invalid_state", `the execution has not ended: it is ${status}${why}`, {
    hint: `${answer}${timeHint(session)}`,
    details: { status, waits },
  });
}

/** Somebody waits for a question that does not come by itself. */
export function notAsked(session: Session, execution: Execution, name: string | undefined): UserError {
  const { status } = execution;
  const waits = new RunRecord(session.process, execution).pendingWaits();
  const asks = waits.length === 0 ? "asks nothing" : `asks ${waits.map((wait) => wait.name).join(", ")}`;
  const failure = status === "failed" ? `: ${execution.failure.message}` : "";
  const what = name === undefined ? "" : `, and not ${JSON.stringify(name)}`;
  return new UserError("invalid_state", `the execution is ${status}${failure} and ${asks}${what}`, {
    hint: isTerminal(status) ? "It will not ask any more; run.events() shows what happened." : timeHint(session),
    details: { status, waits },
  });
}

/** What would happen if time passed. */
function timeHint(session: Session): string {
  const { clock, process } = session;
  const next = session.nextAt();
  if (next !== undefined) {
    const inTime = durationText(next - clock.now());
    return `Or let time pass: the next thing is due in ${inTime}, await t.advance("${inTime}") or t.advanceToNext().`;
  }
  return process.load > 0
    ? "A checkpoint is at work in real time and gives no sign of life."
    : "Nothing is due either, however much time passes.";
}

/** In the largest unit that tells it exactly. */
function durationText(ms: number): string {
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
  const unit = Object.entries(units).find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}
