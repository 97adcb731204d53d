import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { NamedPlace } from "../../budgets/places.ts";
import { beyond } from "../../budgets/verdict.ts";
import type { Clock } from "../../core/clock.ts";
import type { Limits } from "../../core/guardrails.ts";
import type { Store } from "../../store/store.ts";

export interface WorkTimeHost {
  readonly context: { readonly store: Store; readonly clock: Clock };
  commit<T>(work: () => T): Promise<T>;
  block(error: unknown): void;
}

/** A stretch of work under a `max_time`, which adds up over all stretches and leaves out what is waited. */
export class WorkTime {
  readonly #host: WorkTimeHost;
  readonly #place: NamedPlace;
  readonly #onOver: (error: GuardrailExceeded) => void;
  readonly #begunAt: number;
  #limits: Limits = {};
  #workedMs = 0;
  #disarm: () => void = () => {};

  /** Undefined where nothing limits the time. @param limits what holds where nothing is on the record yet */
  static begin(
    host: WorkTimeHost,
    place: NamedPlace,
    limits: Limits | undefined,
    onOver: (error: GuardrailExceeded) => void,
  ): WorkTime | undefined {
    const time = new WorkTime(host, place, onOver);
    time.#read(limits);
    if (time.#limits.max_time === undefined) return undefined;
    time.#arm();
    return time;
  }

  private constructor(host: WorkTimeHost, place: NamedPlace, onOver: (error: GuardrailExceeded) => void) {
    this.#host = host;
    this.#place = place;
    this.#onOver = onOver;
    this.#begunAt = host.context.clock.now();
  }

  /** The error, once the time is over. */
  get over(): GuardrailExceeded | undefined {
    const { max_time: allowed, on_exceed: onExceed = "fail" } = this.#limits;
    const used = this.#used();
    if (allowed === undefined || used < allowed) return undefined;
    return new GuardrailExceeded({
      limit: "max_time",
      allowed,
      used,
      needed: beyond("max_time", used),
      place: this.#place,
      onExceed,
    });
  }

  /** Somebody has raised the limit. */
  renew(): void {
    const before = this.#workedMs;
    this.#read(this.#limits);
    this.#workedMs = before;
    this.#arm();
  }

  /** Ends the stretch and adds it to what was worked. */
  end(): void {
    this.#disarm();
    const ms = this.#host.context.clock.now() - this.#begunAt;
    if (ms <= 0) return;
    const { budgets } = this.#host.context.store;
    this.#host.commit(() => budgets.addWork(this.#place, ms)).catch((error) => this.#host.block(error));
  }

  #used(): number {
    return this.#workedMs + this.#host.context.clock.now() - this.#begunAt;
  }

  #read(fallback: Limits | undefined): void {
    const row = this.#host.context.store.budgets.find(this.#place);
    this.#limits = row?.limits.max_time === undefined ? (fallback ?? {}) : row.limits;
    this.#workedMs = row?.workedMs ?? 0;
  }

  #arm(): void {
    this.#disarm();
    const { clock } = this.#host.context;
    const left = (this.#limits.max_time ?? 0) - this.#used();
    this.#disarm = clock.at(clock.now() + Math.max(0, left), () => {
      const { over } = this;
      if (over === undefined) this.#arm();
      else this.#onOver(over);
    });
  }
}
