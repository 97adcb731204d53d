import { amount, type Exceedance } from "../../budgets/exceeded.ts";
import type { LimitName } from "../../core/guardrails.ts";
import type { WaitCall } from "../../flows/runtime.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { type WaitDetail, WaitRun } from "./wait-run.ts";

/** What is asked, as the wait keeps it in its metadata. */
interface Asked {
  limit: LimitName;
  allowed: number;
  /** Whose limit it is. */
  seq: number;
  ordinal: number;
}

/**
 * The questions for higher limits that an execution has open: one for each limit, however many checkpoints need it.
 * They are waits that the body did not ask for, so they are taken from the journal before it begins.
 */
export class LimitAsks {
  readonly #activation: ActivationPort;
  readonly #open = new Map<string, Promise<void>>();

  constructor(activation: ActivationPort) {
    this.#activation = activation;
  }

  /** Takes up what was asked before, so that answers are heard and nothing of it seems to be left over. */
  resume(recorded: readonly JournalEntry[]): void {
    for (const { kind, scope, name, detail, reuse } of recorded) {
      if (kind !== "wait" || reuse === "candidate" || !scope.startsWith(scopePrefix)) continue;
      const { question, schema, metadata } = detail as unknown as WaitDetail;
      const asked = metadata as unknown as Asked;
      const call = { name, question, schema, metadata, asked };
      void this.#ask(scope, call).catch(() => {});
    }
  }

  /** Resolves once the limit is higher than what stood in the way. Rejects with WaitAborted where nobody raises it. */
  raise(exceedance: Exceedance): Promise<void> {
    const { place, limit, allowed } = exceedance;
    const current = this.#activation.context.store.budgets.find(place)?.limits[limit];
    if (current === undefined || current > allowed) return Promise.resolve();
    const asked: Asked = { limit, allowed, seq: place.seq, ordinal: place.ordinal };
    const scope = `${scopePrefix}${place.seq}.${place.ordinal}.${limit}.${allowed}`;
    const call = {
      name: `raise_${limit}`,
      question: questionOf(exceedance),
      schema: schemaOf(exceedance),
      metadata: { ...asked, used: exceedance.used },
      asked,
    };
    return this.#open.get(scope) ?? this.#ask(scope, call);
  }

  #ask(
    scope: string,
    {
      asked,
      schema,
      ...call
    }: Pick<WaitCall, "name" | "question" | "metadata"> & {
      schema: Record<string, unknown> | null;
      asked: Asked;
    },
  ): Promise<void> {
    const json = schema ?? {};
    const wait: WaitCall = {
      ...call,
      schema: { json, parse: async (value) => value },
      timeoutMs: null,
      onTimeout: "fail",
    };
    const answered = new Promise<unknown>((resolve, reject) =>
      WaitRun.begin(this.#activation, wait, resolve, reject, scope),
    );
    const raised = answered.then((value) => this.#set(asked, value));
    raised.catch(() => {});
    this.#open.set(scope, raised);
    return raised;
  }

  /** Heard again after a crash, an answer changes nothing that was raised since. */
  async #set({ limit, seq, ordinal }: Asked, answer: unknown): Promise<void> {
    const { store, clock } = this.#activation.context;
    const value = limit === "max_time" ? Number(answer) * 1_000 : Number(answer);
    try {
      await this.#activation.commit(() => {
        const row = store.budgets.find({ seq, ordinal });
        if (row === undefined || (row.limits[limit] ?? Number.POSITIVE_INFINITY) >= value) return;
        store.budgets.setLimits({ seq, ordinal }, { ...row.limits, [limit]: value });
        store.budgets.setWarned(
          { seq, ordinal },
          row.warned.filter((name) => name !== limit),
        );
        const data = { limit, allowed: value, was: row.limits[limit] };
        store.events.append(seq, { type: "guardrail_raised", at: clock.now(), ordinal: ordinal || null, data });
      });
      if (limit === "max_time" && seq === this.#activation.fence.seq && ordinal === wholeExecution) {
        this.#activation.renewTime();
      }
    } catch (error) {
      this.#activation.block(error);
      await new Promise<never>(() => {});
    }
  }
}

const scopePrefix = "guardrail:";

function questionOf({ limit, allowed, used, needed, place }: Exceedance): string {
  return `${limit} of ${place.whose} is ${amount(limit, allowed)}, and ${amount(limit, used)} of it are used. What should the limit be? It needs at least ${amount(limit, needed)}${limit === "max_time" ? " (answer in seconds)" : ""}; abort this wait to end the work.`;
}

function schemaOf({ limit, allowed, needed }: Exceedance): Record<string, unknown> {
  const description = `The new ${limit}`;
  switch (limit) {
    case "max_time":
      return { type: "number", exclusiveMinimum: allowed / 1_000, description: `${description}, in seconds` };
    case "max_cost_usd":
      return { type: "number", exclusiveMinimum: allowed, description: `${description}, in dollars` };
    default:
      return { type: "integer", minimum: Math.max(needed, allowed + 1), description };
  }
}
