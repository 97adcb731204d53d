import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { Failure } from "../../core/statuses.ts";
import { encodeValue } from "../../core/values.ts";
import { CheckpointFailed } from "../../flows/errors.ts";
import type { CheckpointCall } from "../../flows/runtime.ts";
import type { JournalEntry } from "../../store/journal.ts";
import { placeOf } from "../../store/selectors.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { chainOf } from "../activation/failures.ts";
import type { Call } from "../activation/matching.ts";
import { type AttemptPolicy, attemptPolicy } from "../activation/retry-policy.ts";
import { OutputCache } from "./output-cache.ts";

export type Resolve = (value: unknown) => void;
export type Reject = (error: unknown) => void;

/** A call as far as it can be read before it is matched. */
export interface PreparedCall {
  call: CheckpointCall;
  identity: Call;
  policy: AttemptPolicy;
  encodedArguments: string;
  cache: OutputCache | undefined;
}

/** The limit that ended the attempt, also where its code has wrapped the error. */
export function exceededIn(error: unknown): GuardrailExceeded | undefined {
  for (const one of chainOf(error)) if (one instanceof GuardrailExceeded) return one;
  return undefined;
}

/** Hands the body what is on the record of a call. */
export function deliver(activation: ActivationPort, entry: JournalEntry, resolve: Resolve, reject: Reject): void {
  if (entry.status === "completed") return resolve(activation.decode(entry.output));
  if (entry.status === "skipped") return resolve(null);
  const error = new CheckpointFailed(selectorOf(entry), entry.failure ?? unrecorded);
  activation.failedEntries.set(error, entry.ordinal);
  reject(error);
}

export function selectorOf(entry: JournalEntry): string {
  return entry.occurrence === 1 ? placeOf(entry) : `${placeOf(entry)}#${entry.occurrence}`;
}

const unrecorded: Failure = { code: "unknown", message: "no failure was recorded", origin: "engine" };

export function prepare(activation: ActivationPort, call: CheckpointCall): PreparedCall {
  const policy = attemptPolicy(call.options, call.name);
  const encodedArguments = encodeValue(call.args, "arguments");
  const argumentsHash = activation.context.ports.hashArguments(encodedArguments);
  return {
    call,
    identity: { kind: "checkpoint", scope: call.scope, name: call.name, argumentsHash },
    policy,
    encodedArguments,
    cache: OutputCache.of(activation, call, encodedArguments),
  };
}
