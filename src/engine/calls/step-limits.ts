import type { GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { Limits } from "../../core/guardrails.ts";
import type { Failure } from "../../core/statuses.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { WorkTime } from "../activation/work-time.ts";

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
  record(): void {
    const limits = this.#limits;
    if (limits === undefined || this.#isRecorded) return;
    this.#isRecorded = true;
    const { budgets } = this.#activation.context.store;
    const place = { seq: this.#activation.fence.seq, ordinal: this.#ordinal };
    // Not over what a person has raised since.
    const write = () => {
      if (Object.keys(budgets.find(place)?.limits ?? {}).length === 0) budgets.setLimits(place, limits);
    };
    this.#activation.commit(write).catch((error) => this.#activation.block(error));
  }

  /** An attempt begins: its time counts until `end`. */
  begin(onOver: (error: GuardrailExceeded) => void): void {
    if (this.#limits?.max_time === undefined) return;
    this.record();
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
  reached(
    { exceedance }: GuardrailExceeded,
    failure: Failure,
    then: { again(): void; fail(after: () => void): void },
  ): void {
    const { limit, allowed, used, place, onExceed } = exceedance;
    const data = { limit, allowed, used, of: place.whose };
    this.#activation.note(() => this.#activation.event("guardrail_exceeded", this.#ordinal, data));
    const fail = () =>
      then.fail(() => {
        if (place.ordinal === wholeExecution) this.#activation.endWith({ ...failure, checkpoint: this.#selector });
      });
    if (onExceed === "fail") return fail();
    this.#activation.limitAsks.raise(exceedance).then(then.again, fail);
  }
}
