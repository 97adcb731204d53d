import { amount, type Exceedance } from "../../budgets/exceeded.ts";
import { encodeValue } from "../../core/values.ts";
import type { WaitAnswer, WaitCall } from "../../flows/runtime.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { type AskedLimit, askedLimitOf, raiseLimit } from "../limits.ts";
import { type WaitDetail, WaitRun } from "./wait-run.ts";

/**
 * The questions for higher limits that an execution has open: one for each limit, however many checkpoints need it.
 * They are waits that the body did not ask for, so they are taken from the journal before it begins.
 */
export class LimitAsks {
  readonly #activation: ActivationPort;
  /** By the scope of the wait. */
  readonly #asked = new Map<string, Promise<void>>();

  constructor(activation: ActivationPort) {
    this.#activation = activation;
  }

  /** Takes up what was asked before, so that answers are heard and nothing of it seems to be left over. */
  resume(recorded: readonly JournalEntry[]): void {
    for (const entry of recorded) {
      const asked = entry.reuse === "candidate" ? undefined : askedLimitOf(entry);
      if (asked === undefined) continue;
      const { question, schema, metadata } = entry.detail as unknown as WaitDetail;
      this.#ask(entry.scope, asked, { name: entry.name, question, schema: schema ?? {}, metadata }).catch(noop);
    }
  }

  /** The wait in which a higher limit is asked for. */
  scopeOf({ place, limit, allowed }: Exceedance): string {
    const isOwn = place.seq === this.#activation.fence.seq && place.ordinal === wholeExecution;
    return `raise_${limit}[${allowed}${isOwn ? "" : ` of ${place.seq}.${place.ordinal}`}]`;
  }

  /** What was asked before a crash or a suspension; undefined where it is not open. */
  asked(scope: string): Promise<void> | undefined {
    return this.#asked.get(scope);
  }

  /** Resolves once the limit is higher than what stood in the way. Rejects with WaitAborted where nobody raises it. */
  raise(exceedance: Exceedance): Promise<void> {
    const { place, limit, allowed, used } = exceedance;
    const current = this.#activation.context.store.budgets.find(place)?.limits[limit];
    if (current === undefined || current > allowed) return Promise.resolve();
    const scope = this.scopeOf(exceedance);
    const asked: AskedLimit = { limit, allowed, seq: place.seq, ordinal: place.ordinal };
    const call = {
      name: `raise_${limit}`,
      question: questionOf(exceedance),
      schema: schemaOf(exceedance),
      metadata: { ...asked, used },
    };
    return this.#asked.get(scope) ?? this.#ask(scope, asked, call);
  }

  #ask(
    scope: string,
    asked: AskedLimit,
    { schema, ...call }: Pick<WaitCall, "name" | "question" | "metadata"> & { schema: Record<string, unknown> },
  ): Promise<void> {
    const parse = async (value: unknown) => value;
    const wait: WaitCall = {
      ...call,
      scope,
      schema: { json: schema, parse },
      timeoutMs: null,
      onTimeout: "fail",
      warnBeforeMs: null,
    };
    const answered = new Promise<WaitAnswer>((resolve, reject) =>
      WaitRun.begin(this.#activation, wait, resolve, reject),
    );
    const raised = answered.then(({ value }) => this.#raised(asked, value));
    raised.catch(noop);
    this.#asked.set(scope, raised);
    return raised;
  }

  async #raised(asked: AskedLimit, answer: unknown): Promise<void> {
    const { context, fence } = this.#activation;
    const { store, clock } = context;
    try {
      const encoded = store.payloads.store(encodeValue(answer, "answer"));
      await this.#activation.commit(() => raiseLimit(store, asked, { answer: Number(answer), encoded }, clock.now()));
    } catch (error) {
      this.#activation.block(error);
      await new Promise<never>(noop);
    }
    if (asked.limit === "max_time" && asked.seq === fence.seq && asked.ordinal === wholeExecution) {
      this.#activation.renewTime();
    }
  }
}

function questionOf({ limit, allowed, used, needed, place }: Exceedance): string {
  const wasUsed = `${amount(limit, used)} of it ${used === 1 ? "is" : "are"} used`;
  const unit = limit === "max_time" ? " (in seconds)" : limit === "max_cost_usd" ? " (in dollars)" : "";
  return `${limit} of ${place.whose} is ${amount(limit, allowed)}, and ${wasUsed}. What should it be${unit}? To go on it takes ${amount(limit, needed)} at least; abort this wait to end the work.`;
}

function schemaOf({ limit, needed }: Exceedance): Record<string, unknown> {
  const least = limit === "max_time" ? needed / 1_000 : needed;
  const isWhole = limit !== "max_time" && limit !== "max_cost_usd";
  return { type: isWhole ? "integer" : "number", minimum: least, examples: [least], description: `The new ${limit}` };
}

function noop(): void {}
