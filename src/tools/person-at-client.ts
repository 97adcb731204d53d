import { messageOf, UserError } from "../core/errors.ts";
import { isTerminal } from "../core/statuses.ts";
import type { Execution } from "./app-types.ts";
import { cut } from "./display.ts";
import type { AskByForm, CallContext } from "./operation.ts";
import { valueOnForm, type WaitForm, waitForm } from "./wait-form.ts";
import { pendingWaitView } from "./wait-view.ts";

type PendingWait = ReturnType<CallContext["app"]["store"]["journal"]["pendingWaits"]>[number];

/** How often a person is asked anew whose answer does not fit. */
const mostTries = 3;
/** Longest that one question stays open. */
const longestMs = 10 * 60_000;
const longestProblem = 500;

/** Asks the person at the client what an execution asks, each wait once, while a call is open. */
export class PersonAtClient {
  readonly #context: CallContext;
  readonly #client: AskByForm;
  readonly #asked = new Set<number>();
  /** Why a wait that was asked has no answer, by its id. */
  readonly #unanswered = new Map<string, string>();
  #isAway = false;

  /** Undefined where there is nobody who could be asked: an agent that works for an execution has no person. */
  static of(context: CallContext): PersonAtClient | undefined {
    const { app, askByForm } = context;
    if (askByForm === undefined || app.config.parentExecutionId !== undefined) return undefined;
    return new PersonAtClient(context, askByForm);
  }

  private constructor(context: CallContext, client: AskByForm) {
    this.#context = context;
    this.#client = client;
  }

  /**
   * Asks until a wait is settled, by this person or by somebody else.
   * @param onAsk told what the person is asked for
   * @returns whether one was: the execution goes on then
   */
  async answer(execution: Execution, onAsk: (wait: string) => void): Promise<boolean> {
    const { status, seq } = execution;
    if (isTerminal(status) || status === "paused") return false;
    for (const wait of this.#context.app.store.journal.pendingWaits(seq)) {
      if (this.#isAway || this.#context.signal.aborted) return false;
      const form = this.#formOf(wait);
      if (this.#asked.has(wait.ordinal) || form === undefined) continue;
      this.#asked.add(wait.ordinal);
      onAsk(wait.name);
      if (await this.#settle(execution, wait, form)) return true;
    }
    return false;
  }

  /** What came of asking, for the agent to know, of those waits. */
  said(waits: readonly string[]): string[] {
    return waits.flatMap((id) => this.#unanswered.get(id) ?? []);
  }

  /** Undefined for what is not asked in a conversation: what no form holds, and what is to be seen by nobody. */
  #formOf(wait: PendingWait): WaitForm | undefined {
    const form = waitForm(pendingWaitView("", wait.name, wait).schema);
    if (form.kind === "json") return undefined;
    const fields = form.kind === "fields" ? form.fields : form.kind === "value" ? [form.field] : [];
    return fields.some(({ schema: { format, writeOnly } }) => format === "password" || writeOnly === true)
      ? undefined
      : form;
  }

  async #settle(execution: Execution, wait: PendingWait, form: WaitForm): Promise<boolean> {
    const { app } = this.#context;
    const id = app.listings.entryId(execution.id, wait.ordinal);
    let problem: string | undefined;
    for (let tries = 0; tries < mostTries; tries++) {
      const value = await this.#ask(execution, wait, { form, problem });
      if (value === "settled") return true;
      if ("why" in value) {
        this.#unanswered.set(id, value.why);
        return false;
      }
      try {
        await app.engine.answer(execution.id, { wait: id, answeredBy: this.#client.client, ...value });
        app.stack.ensureWorker({ isAsked: true });
        return true;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // Somebody was faster, or the deadline was.
        if (error.code !== "invalid_input") return true;
        problem = error.message.replace(/^value: /, "");
      }
    }
    this.#unanswered.set(
      id,
      `The person at the client was asked ${mostTries} times for ${wait.name}, and no answer fitted; the last: ${cut(problem ?? "", longestProblem)}.`,
    );
    return false;
  }

  /** What the person said, or why they did not. */
  async #ask(
    execution: Execution,
    wait: PendingWait,
    { form, problem }: { form: WaitForm; problem: string | undefined },
  ): Promise<{ value: unknown } | { why: string } | "settled"> {
    const { signal, onProblem } = this.#context;
    const { left } = this.#client;
    const ended = new AbortController();
    const calledOff = AbortSignal.any([signal, ended.signal, ...(left === undefined ? [] : [left])]);
    const settled = this.#settledElsewhere(execution, wait, calledOff);
    const asked = this.#client.ask({ message: messageFor(execution, wait, problem), form, signal: calledOff });
    try {
      const said = await Promise.race([asked, settled]);
      if (said === "settled") return said;
      if (said === "open")
        return { why: `The person at the client was asked for ${wait.name}, and did not answer in time.` };
      if (said.action === "accept") return { value: valueOnForm(form, said.content) };
      if (said.action === "cancel") this.#isAway = true;
      const what = said.action === "cancel" ? "closed the form" : "declined to answer";
      return { why: `The person at the client was asked for ${wait.name}, and ${what}.` };
    } catch (error) {
      this.#isAway = true;
      const why = `the client could not ask what ${wait.name} asks: ${cut(messageOf(error), longestProblem)}`;
      if (!calledOff.aborted) onProblem(why, undefined);
      return { why: `${why[0]?.toUpperCase()}${why.slice(1)}.` };
    } finally {
      ended.abort();
      asked.catch(() => {});
    }
  }

  async #settledElsewhere({ id, seq }: Execution, { ordinal }: PendingWait, signal: AbortSignal) {
    const { app } = this.#context;
    const isPending = () => app.store.journal.find(seq, ordinal)?.status === "pending";
    await app.engine.watch(id, () => !isPending(), { timeoutMs: longestMs, signal });
    return !signal.aborted && !isPending() ? ("settled" as const) : ("open" as const);
  }
}

function messageFor({ workflow }: Execution, wait: PendingWait, problem: string | undefined): string {
  const { question, expires_at: until } = pendingWaitView("", wait.name, wait);
  return [
    ...(problem === undefined ? [] : [`That was not taken: ${problem}`]),
    question ?? `${workflow} asks: ${wait.name}?`,
    ...(until === null ? [] : [`(${workflow} waits until ${until}.)`]),
  ].join("\n\n");
}
