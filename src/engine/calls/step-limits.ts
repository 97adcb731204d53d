import type { GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { Limits } from "../../core/guardrails.ts";
import type { Failure } from "../../core/statuses.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { WorkTime } from "../activation/work-time.ts";

/** The question that a checkpoint waits for, as its entry keeps it. */
export interface Asking {
  /** The wait's. */
  scope: string;
  /** What it fails with where nobody raises the limit. */
  failure: Failure;
  endsExecution: boolean;
}

/** What a checkpoint does once an attempt has met a limit. */
export interface AfterLimit {
  asks(asking: Asking): void;
  again(): void;
  fail(failure: Failure, after: () => void): void;
}

/** A checkpoint's own guardrails: on the record where something counts in them, and the time that it works. */
export class StepLimits {
  readonly #activation: ActivationPort;
  readonly #ordinal: number;
  readonly #selector: string;
  readonly #limits: Limits | undefined;
  #isRecorded = false;
  #time: WorkTime | undefined;

  constructor(activation: ActivationPort, ordinal: number, selector: string, limits: Limits | undefined) {
    this.#activation = activation;
    this.#ordinal = ordinal;
    this.#selector = selector;
    this.#limits = limits;
  }

  /** Puts them on the record, before something counts in them. */
  async record(): Promise<void> {
    const limits = this.#limits;
    if (limits === undefined || this.#isRecorded) return;
    const { budgets } = this.#activation.context.store;
    const place = { seq: this.#activation.fence.seq, ordinal: this.#ordinal };
    // Not over what a person has raised since.
    const write = () => {
      if (Object.keys(budgets.find(place)?.limits ?? {}).length === 0) budgets.setLimits(place, limits);
    };
    await this.#activation.commit(write).catch((error) => this.#activation.block(error));
    this.#isRecorded = true;
  }

  /** An attempt begins: its time counts until `end`. */
  begin(onOver: (error: GuardrailExceeded) => void): void {
    if (this.#limits?.max_time === undefined) return;
    void this.record();
    const { seq } = this.#activation.fence;
    const place = { seq, ordinal: this.#ordinal, whose: `checkpoint ${this.#selector}` };
    this.#time = WorkTime.begin(this.#activation, place, this.#limits, onOver);
  }

  end(): void {
    this.#time?.end();
    this.#time = undefined;
  }

  /**
   * What an attempt that met a limit leads to: another attempt once a person has raised it, or the end of the
   * checkpoint, and of the execution where the limit is its own.
   */
  reached({ exceedance }: GuardrailExceeded, failure: Failure, then: AfterLimit): void {
    const { limit, allowed, used, place, onExceed } = exceedance;
    const data = { limit, allowed, used, of: place.whose };
    this.#activation.note(() => this.#activation.event("guardrail_exceeded", this.#ordinal, data));
    const endsExecution = place.ordinal === wholeExecution;
    if (onExceed === "fail") return this.#fail({ failure, endsExecution }, then);
    const scope = this.#activation.limitAsks.scopeOf(exceedance);
    const raised = this.#activation.limitAsks.raise(exceedance);
    const asking: Asking = { scope, failure, endsExecution };
    then.asks(asking);
    raised.then(then.again, () => this.#fail(asking, then));
  }

  /** Goes on waiting for an answer that an activation before this one asked for. @returns false where none is open */
  resume(asking: Asking, then: AfterLimit): boolean {
    const raised = this.#activation.limitAsks.asked(asking.scope);
    raised?.then(then.again, () => this.#fail(asking, then));
    return raised !== undefined;
  }

  #fail({ failure, endsExecution }: Omit<Asking, "scope">, then: AfterLimit): void {
    then.fail(failure, () => {
      if (endsExecution) this.#activation.endWith({ ...failure, checkpoint: this.#selector });
    });
  }
}
