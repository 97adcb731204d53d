import { after } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { compileJsonSchema } from "../../core/json-schema.ts";
import type { Failure } from "../../core/statuses.ts";
import { encodeValue } from "../../core/values.ts";
import { MisuseError, WaitAborted, WaitExpired } from "../../flows/errors.ts";
import type { WaitAnswer, WaitCall } from "../../flows/runtime.ts";
import type { EarlyAnswer } from "../../store/early-answers.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { isStoreTrouble } from "../activation/failures.ts";
import { askedLimitOf } from "../limits.ts";
import { selectorOf } from "./checkpoint-call.ts";

type Resolve = (answer: WaitAnswer) => void;
type Reject = (error: unknown) => void;

/** What a wait's journal entry keeps besides its name, in `detail`. */
export interface WaitDetail {
  question: string | null;
  schema: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
  timeoutMs: number | null;
  /** Payload column of the default that the deadline answers with; null: the deadline fails the wait. */
  defaultValue: string | null;
  /** The last answer that did not fit; `at` in milliseconds since the epoch. */
  refused?: { reason: string; at: number } | undefined;
  /** Whether the timeline has said that its deadline is near. */
  warned?: boolean | undefined;
  /** Who answered, where they said so. */
  answeredBy?: string | undefined;
}

/** One call of `wait` in an activation. Who answers writes to the database; this reads what was written. */
export class WaitRun {
  readonly #activation: ActivationPort;
  readonly #call: WaitCall;
  readonly #entry: JournalEntry;
  readonly #resolve: Resolve;
  readonly #reject: Reject;

  static begin(activation: ActivationPort, call: WaitCall, resolve: Resolve, reject: Reject): void {
    let detail: WaitDetail;
    let argumentsHash: string;
    try {
      detail = detailOf(activation, call);
      const asked = encodeValue([detail.question, detail.schema], "wait");
      argumentsHash = activation.context.ports.hashArguments(asked);
    } catch (error) {
      if (isStoreTrouble(error)) return activation.block(error);
      return reject(new MisuseError(`wait ${call.name}: ${messageOf(error)}`));
    }
    const identity = { kind: "wait" as const, scope: call.scope, name: call.name, argumentsHash };
    activation.entries.enter(identity, (taken) => {
      const startedAt = activation.now();
      const dueAt = call.timeoutMs === null ? null : after(startedAt, call.timeoutMs);
      const entry =
        taken ?? activation.entries.create(identity, { status: "pending", startedAt, dueAt, detail: { ...detail } });
      const run = new WaitRun(activation, call, entry, resolve, reject);
      activation.ask(entry, () => run.#deliver());
      if (entry.position !== null) return;
      run.#open(taken === undefined);
    });
  }

  private constructor(
    activation: ActivationPort,
    call: WaitCall,
    entry: JournalEntry,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.#activation = activation;
    this.#call = call;
    this.#entry = entry;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get #selector(): string {
    return selectorOf(this.#entry);
  }

  #open(isNew: boolean): void {
    const { ordinal, name } = this.#entry;
    const { store } = this.#activation.context;
    let early: EarlyAnswer | undefined;
    this.#activation.push({
      settles: 0,
      apply: () => {
        if (isNew) {
          store.journal.insert(this.#activation.fence.seq, this.#entry);
          this.#activation.event("wait_opened", ordinal);
        }
        // An early answer is for a wait of the workflow: a limit is raised by who has seen the question.
        if (askedLimitOf(this.#entry) !== undefined) return;
        const { seq } = this.#activation.fence;
        early = store.earlyAnswers.find(seq, this.#selector) ?? store.earlyAnswers.find(seq, name);
      },
      committed: () => {
        if (early !== undefined) void this.#activation.delivery.holdBack(this.#takeEarly(early));
      },
    });
    this.#awaitDeadline();
  }

  /** At its deadline it expires; before that, where it was asked for, the timeline says that it is near. */
  #awaitDeadline(): void {
    const { ordinal, dueAt, detail } = this.#entry;
    const { warnBeforeMs } = this.#call;
    const { timers } = this.#activation;
    if (dueAt === null || warnBeforeMs === null || detail?.["warned"] === true) {
      return timers.block(ordinal, dueAt, () => this.#expire());
    }
    timers.block(ordinal, dueAt - warnBeforeMs, () => {
      this.#warn(dueAt);
      this.#awaitDeadline();
    });
  }

  #warn(dueAt: number): void {
    const { fence, context } = this.#activation;
    this.#entry.detail = { ...this.#entry.detail, warned: true };
    this.#activation.note(() => {
      if (this.#entry.position !== null) return;
      context.store.journal.update(fence.seq, this.#entry);
      this.#activation.event("wait_expiring", this.#entry.ordinal, { expires_at: dueAt });
    });
  }

  /** An answer that was given before the wait was asked takes its place in the record now, if it fits. */
  async #takeEarly(early: EarlyAnswer): Promise<void> {
    const { fence, context } = this.#activation;
    let value: unknown;
    try {
      value = this.#activation.decode(early.value);
    } catch (error) {
      return this.#activation.block(error);
    }
    const reason = await this.#refusal(value);
    this.#push((position) => {
      context.store.earlyAnswers.remove(fence.seq, early.name);
      if (reason === undefined) return this.#settle("answered", position, early.value, null);
      this.#noteRefusal(reason);
      return false;
    });
  }

  /** The deadline has come: it decides, unless an answer was first. */
  #expire(): void {
    const { defaultValue } = this.#entry.detail as unknown as WaitDetail;
    const failure = defaultValue === null ? expiry(this.#selector, this.#entry.dueAt ?? this.#activation.now()) : null;
    this.#push((position) => this.#settle("expired", position, defaultValue, failure));
  }

  /** Where another process was first, its settlement has been read already. */
  #push(settle: (position: number) => boolean): void {
    let isSettled = false;
    this.#activation.push({
      settles: 1,
      apply: (position) => {
        isSettled = settle(position);
      },
      committed: () => {
        if (isSettled) this.#activation.entries.settled(this.#entry);
      },
    });
  }

  /** Inside the transaction; changes nothing when another process has settled the wait. */
  #settle(status: "answered" | "expired", position: number, output: string | null, failure: Failure | null): boolean {
    const { fence, context } = this.#activation;
    const settled = { ...this.#entry, status, position, output, failure, endedAt: this.#activation.now() };
    if (!context.store.journal.settleWait(fence.seq, settled, null)) return false;
    Object.assign(this.#entry, settled);
    this.#activation.event(status === "answered" ? "wait_answered" : "wait_expired", this.#entry.ordinal);
    return true;
  }

  #deliver(): void | Promise<void> {
    const { status, failure, output, ordinal } = this.#entry;
    if (status === "answered") return this.#deliverAnswer();
    this.#activation.timers.unblock(ordinal);
    if (status === "expired" && failure === null) return this.#resolve(this.#answer(this.#activation.decode(output)));
    const reason = failure ?? {
      code: "wait_aborted",
      message: `wait ${this.#selector} was aborted`,
      origin: "wait" as const,
    };
    const error =
      status === "expired" ? new WaitExpired(this.#selector, reason) : new WaitAborted(this.#selector, reason);
    this.#activation.failedEntries.set(error, ordinal);
    this.#reject(error);
  }

  #answer(value: unknown): WaitAnswer {
    const { detail, endedAt, status } = this.#entry;
    const { answeredBy } = (detail ?? {}) as Partial<WaitDetail>;
    return { value, answeredBy: answeredBy ?? null, answeredAt: endedAt ?? 0, isExpired: status === "expired" };
  }

  async #deliverAnswer(): Promise<void> {
    const value = this.#activation.decode(this.#entry.output);
    try {
      const parsed = this.#call.schema === null ? value : await this.#call.schema.parse(value);
      this.#activation.timers.unblock(this.#entry.ordinal);
      this.#resolve(this.#answer(parsed));
    } catch (error) {
      this.#reopen(messageOf(error));
    }
  }

  /** Only the author's own code could see that the answer does not fit: the wait is pending again. */
  #reopen(reason: string): void {
    const entry = this.#entry;
    Object.assign(entry, { status: "pending", position: null, output: null, endedAt: null });
    this.#activation.ask(entry, () => this.#deliver());
    this.#activation.note(() => {
      this.#noteRefusal(reason);
    });
    this.#awaitDeadline();
  }

  /** Inside the transaction: whoever looks at the wait sees why it is still pending. */
  #noteRefusal(reason: string): void {
    const { fence, context } = this.#activation;
    this.#entry.detail = { ...this.#entry.detail, refused: { reason, at: this.#activation.now() } };
    context.store.journal.update(fence.seq, this.#entry);
    this.#activation.event("answer_refused", this.#entry.ordinal, { reason });
  }

  async #refusal(value: unknown): Promise<string | undefined> {
    const { schema } = this.#call;
    if (schema === null) return undefined;
    const problems = compileJsonSchema(schema.json)(value);
    if (problems.length > 0) return problems.join("; ");
    return schema.parse(value).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
  }
}

function detailOf(activation: ActivationPort, call: WaitCall): WaitDetail {
  return {
    question: call.question,
    schema: call.schema?.json ?? null,
    metadata: call.metadata && JSON.parse(encodeValue(call.metadata, "metadata")),
    timeoutMs: call.timeoutMs,
    defaultValue: call.onTimeout === "fail" ? null : activation.encode(call.onTimeout.value, "onTimeout.value"),
  };
}

function expiry(selector: string, at: number): Failure {
  return {
    code: "wait_expired",
    message: `nobody answered wait ${selector} before its deadline, ${new Date(at).toISOString()}`,
    origin: "wait",
    hint: "executions_retry opens the wait again with a new deadline.",
  };
}
