import type { RunningCheckpoint } from "../../flows/runtime.ts";
import type { LogLevel } from "../../store/logs.ts";
import type { ActivationPort } from "./activation-port.ts";

const longestLine = 16_000;

/**
 * What user code prints becomes log lines of its execution. The flow body runs again at every activation, so of what
 * it prints after a given settlement as many lines are muted as are on the record.
 */
export class Console {
  readonly #activation: ActivationPort;
  #printed: Map<number, number> | undefined;

  constructor(activation: ActivationPort) {
    this.#activation = activation;
  }

  print(level: LogLevel, printed: string, inside: RunningCheckpoint | undefined): void {
    // Before it is cut, or the beginning of a secret could stay.
    const message = this.#activation.context.store.protection.redact(printed);
    const frontier = this.#activation.delivery.frontier;
    if (inside === undefined && this.#isRepeated(frontier)) return;
    const run = [...this.#activation.running].find(({ context }) => context === inside);
    const line = {
      at: this.#activation.now(),
      level,
      source: inside === undefined ? ("flow" as const) : ("checkpoint" as const),
      ordinal: run?.ordinal ?? null,
      frontier: inside === undefined ? frontier : null,
      message:
        message.length > longestLine ? `${message.slice(0, longestLine)}… (${message.length} characters)` : message,
    };
    this.#activation.note(() => this.#activation.context.store.logs.append(this.#activation.fence.seq, line));
  }

  #isRepeated(frontier: number): boolean {
    this.#printed ??= this.#activation.context.store.logs.linesByFrontier(this.#activation.fence.seq);
    const left = this.#printed.get(frontier) ?? 0;
    if (left > 0) this.#printed.set(frontier, left - 1);
    return left > 0;
  }
}
