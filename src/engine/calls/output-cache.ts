import { messageOf } from "../../core/errors.ts";
import type { CheckpointCall } from "../../flows/runtime.ts";
import { sqliteCode } from "../../store/database.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import type { GivenOutput } from "./given-output.ts";

/** One call's place among the outputs that all executions of the project share. */
export class OutputCache {
  readonly #activation: ActivationPort;
  readonly #name: string;
  readonly #key: string;
  /** Whether what is there is not to be taken, but to give way to what this call computes. */
  #isStale: boolean;

  /** Undefined for a call that is not cached. */
  static of(activation: ActivationPort, call: CheckpointCall, encodedArguments: string): OutputCache | undefined {
    if (!(call.options.cache ?? activation.cachesByDefault)) return undefined;
    const { version } = activation.execution;
    const identity = JSON.stringify({ version, name: call.name, arguments: encodedArguments });
    return new OutputCache(activation, call.name, activation.context.ports.hashArguments(identity));
  }

  private constructor(activation: ActivationPort, name: string, key: string) {
    this.#activation = activation;
    this.#name = name;
    this.#key = key;
    // Who replays asked for the work to be done again, often because what came of it was no good.
    this.#isStale = activation.execution.replayedFrom !== null;
  }

  /** The output of a call that completed earlier. One that cannot be read keeps nobody from running. */
  take(): GivenOutput | undefined {
    if (this.#isStale) return undefined;
    try {
      const cached = this.#activation.context.store.cachedOutputs.find(this.#key);
      if (cached === undefined) return undefined;
      const { output, executionId } = cached;
      const value = this.#activation.decode(output);
      return { origin: "cached", output, read: () => value, data: { execution_id: executionId } };
    } catch (error) {
      if (sqliteCode(error) !== undefined) this.#activation.block(error);
      else this.#giveUp(error);
      return undefined;
    }
  }

  /** Inside the transaction in which the call ends: keeps its output for later executions. */
  fill({ status, output }: JournalEntry): void {
    if (status !== "completed" || output === null) return;
    const { cachedOutputs } = this.#activation.context.store;
    const computed = {
      key: this.#key,
      executionId: this.#activation.execution.id,
      output,
      createdAt: this.#activation.now(),
    };
    if (this.#isStale) cachedOutputs.replace(computed);
    else cachedOutputs.add(computed);
  }

  #giveUp(error: unknown): void {
    this.#isStale = true;
    const message = `checkpoint ${this.#name} runs, because its cached output cannot be read: ${messageOf(error)}`;
    const { context, fence } = this.#activation;
    const line = { at: this.#activation.now(), level: "warn", source: "flow", ordinal: null, frontier: null } as const;
    this.#activation.note(() => context.store.logs.append(fence.seq, { ...line, message }));
  }
}
