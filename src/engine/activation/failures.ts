import { fileURLToPath } from "node:url";
import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import { isUserError, messageOf } from "../../core/errors.ts";
import { ModelError } from "../../core/model-error.ts";
import type { Failure, FailureOrigin } from "../../core/statuses.ts";
import { UnencodableValue } from "../../core/values.ts";
import {
  AttemptTimedOut,
  CheckpointFailed,
  ExecutionFailed,
  MisuseError,
  StepFailed,
  WaitAborted,
  WaitExpired,
} from "../../flows/errors.ts";
import { DamagedBlob } from "../../store/blobs.ts";
import { sqliteCode } from "../../store/database.ts";
import type { Protection } from "../../store/protection.ts";

const longestMessage = 10_000;
const longestStack = 8_000;
const ownFrames = [
  fileURLToPath(new URL("../..", import.meta.url)),
  new URL("../..", import.meta.url).href,
  "node:internal/",
];

/**
 * What is recorded of something that user code threw, errors and non-errors alike. It is redacted here, so that a body
 * that catches it sees the same now and when it runs again.
 */
export function failureOf(thrown: unknown, { redact }: Protection): Failure {
  try {
    return describe(thrown, redact);
  } catch {
    // A getter or a proxy that throws in its turn.
    return { code: "user_error", message: "what was thrown cannot be read", origin: "user_code" };
  }
}

/** Writing or reading a payload can meet a full disk or a missing key: that is no failure of the author's code. */
export function isStoreTrouble(error: unknown): boolean {
  if (isUserError(error)) return error.code === "unavailable";
  if (error instanceof UnencodableValue) return false;
  return (
    sqliteCode(error) !== undefined || (error instanceof Error && "syscall" in error) || error instanceof DamagedBlob
  );
}

function describe(thrown: unknown, redact: Protection["redact"]): Failure {
  if (thrown instanceof StepFailed) return describeStep(thrown, redact);
  const failure: Failure = {
    code: codeOf(thrown),
    // User code may have put anything into the fields of an error.
    message: redact(String(messageOf(thrown))).slice(0, longestMessage),
    origin: originOf(thrown),
  };
  if (thrown instanceof Error) {
    failure.name = redact(String(thrown.name));
    const stack = stackOf(thrown);
    if (stack !== undefined) failure.stack = redact(withoutOwnFrames(stack)).slice(0, longestStack);
  }
  const guardrail = guardrailOf(thrown);
  if (guardrail !== undefined) failure.guardrail = guardrail;
  if (thrown instanceof CheckpointFailed) failure.checkpoint = thrown.checkpoint;
  if (thrown instanceof WaitAborted || thrown instanceof WaitExpired) failure.checkpoint = thrown.wait;
  const hint = hintOf(thrown);
  if (hint !== undefined) failure.hint = redact(hint);
  return failure;
}

/** The code of a step that failed for what its cause tells. */
const unsaid = "step_failed";

/** What made a step fail says more than that it did. */
function describeStep(thrown: StepFailed, redact: Protection["redact"]): Failure {
  const { step, code, cause, hint } = thrown;
  const message = redact(thrown.message).slice(0, longestMessage);
  if (cause !== undefined) {
    const { stack, ...why } = describe(cause, redact);
    const own = code === unsaid ? (cause instanceof CheckpointFailed ? cause.code : why.code) : code;
    const isAuthors = stack?.includes("\n    at ") === true;
    return { ...why, ...(isAuthors && { stack }), code: own, message, step };
  }
  return { code, message, origin: "user_code", step, ...(hint !== undefined && { hint: redact(hint) }) };
}

/** Stacks are made when they are read, which fails where the error's name or message is no text. */
function stackOf(error: Error): string | undefined {
  try {
    return typeof error.stack === "string" ? error.stack : undefined;
  } catch {
    return undefined;
  }
}

/** Of the stack what the author can act on: neither Savepoint's frames nor Node's, unless there are no others. */
function withoutOwnFrames(stack: string): string {
  const isFrame = (line: string) => line.startsWith("    at ");
  const lines = stack.split("\n").filter((line) => !isFrame(line) || !ownFrames.some((own) => line.includes(own)));
  return lines.some(isFrame) ? lines.join("\n") : stack;
}

/** Whether another attempt could end otherwise. */
export function isRepeatable(thrown: unknown): boolean {
  return !(thrown instanceof MisuseError || thrown instanceof UnencodableValue || thrown instanceof GuardrailExceeded);
}

/** Everything in the error's chain of causes and grouped errors, the error itself first. */
export function* chainOf(thrown: unknown): Generator<object> {
  const seen = new Set<object>();
  const open: unknown[] = [thrown];
  while (open.length > 0) {
    const next = open.shift();
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    yield next;
    if (next instanceof Error) open.push(next.cause);
    if (next instanceof AggregateError) open.push(...next.errors);
  }
}

function codeOf(thrown: unknown): string {
  if (isUserError(thrown)) return thrown.code;
  if (thrown instanceof CheckpointFailed) return "checkpoint_failed";
  if (thrown instanceof ExecutionFailed) return thrown.status === "failed" ? "child_failed" : "child_cancelled";
  if (thrown instanceof WaitAborted) return "wait_aborted";
  if (thrown instanceof WaitExpired) return "wait_expired";
  if (thrown instanceof AttemptTimedOut) return "timeout";
  if (thrown instanceof GuardrailExceeded) return "guardrail_exceeded";
  if (thrown instanceof ModelError) return thrown.code;
  if (thrown instanceof MisuseError) return "misuse";
  if (thrown instanceof UnencodableValue) return "invalid_output";
  return "user_error";
}

function originOf(thrown: unknown): FailureOrigin {
  if (thrown instanceof CheckpointFailed) return thrown.origin;
  if (thrown instanceof ExecutionFailed) return thrown.failure?.origin ?? "engine";
  if (thrown instanceof WaitAborted || thrown instanceof WaitExpired) return "wait";
  if (thrown instanceof AttemptTimedOut) return "timeout";
  if (thrown instanceof GuardrailExceeded) return "guardrail";
  return "user_code";
}

function guardrailOf(thrown: unknown): Failure["guardrail"] {
  if (thrown instanceof GuardrailExceeded) {
    const { limit, allowed, used } = thrown.exceedance;
    return { limit, allowed, used };
  }
  if (thrown instanceof CheckpointFailed) return thrown.guardrail;
  return thrown instanceof ExecutionFailed ? thrown.failure?.guardrail : undefined;
}

function hintOf(thrown: unknown): string | undefined {
  if (isUserError(thrown) || thrown instanceof ModelError || thrown instanceof CheckpointFailed) return thrown.hint;
  if (thrown instanceof GuardrailExceeded) {
    return "Raise the limit (guardrails of the run, the flow or the checkpoint) and retry, or let a person raise it: on_exceed ask.";
  }
  if (thrown instanceof UnencodableValue) {
    return "Return plain data: JSON values, Date, Map, Set, bigint, Uint8Array or undefined.";
  }
  return undefined;
}
