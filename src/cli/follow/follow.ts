import type { SavepointClient } from "../../client/client.ts";
import { isUserError } from "../../core/errors.ts";
import type { ExecutionView, PendingWaitView } from "../../tools/execution-schema.ts";
import { askWait } from "../ask/ask-wait.ts";
import { commandOf, inCommandForm } from "../command-form.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { outcomeLines } from "../present/execution.ts";
import { pageOf } from "../present/presenters.ts";
import type { Session } from "../session.ts";
import { shortId } from "../short-ids.ts";
import { statusText } from "../style.ts";
import { harmlessValue } from "../terminal-text.ts";
import { LiveView } from "./live-view.ts";
import { LogTail } from "./log-tail.ts";
import { nothingYet, type ProgressState, withEvent } from "./progress-state.ts";
import { type FollowView, jsonView, lineView } from "./views.ts";

export interface FollowOptions {
  logs: boolean;
}

/** Events come in bunches: what they ask for is looked at once they have been told. */
const settlingMs = 50;
/** How often it is looked at what the children ask. */
const belowMs = 500;
const settledElsewhere = "was settled elsewhere meanwhile";

/** Shows an execution until it has ended, and asks its waits where someone can be asked. Answers the exit code. */
export async function followToEnd(session: Session, executionId: string, options: FollowOptions): Promise<number> {
  const client = await session.client();
  const begun = await client.executions.get({ execution_id: executionId });
  const view = openView(session, begun);
  try {
    await new Follower({ session, client, view, executionId: begun.execution_id }).run(options);
  } finally {
    view.end();
  }
  const execution = await client.executions.get({ execution_id: begun.execution_id, detail: "full" });
  conclude(session, execution);
  return exitCodeOf(execution);
}

function openView({ command, output }: Session, execution: ExecutionView): FollowView {
  if (output.isJson) return jsonView(command, output);
  if (!output.isTerminal) return lineView(output);
  const { workflow, execution_id: id, created_at: created } = harmlessValue(execution);
  return new LiveView(output, { title: `${workflow} ${shortId(id)}`, since: Date.parse(created) });
}

function conclude({ command, output, signal }: Session, execution: ExecutionView): void {
  if (output.isJson) return output.jsonLine({ command, item: execution });
  const page = pageOf(output);
  const shown = harmlessValue(execution);
  output.print(
    [`${statusText(shown.status, page.style)}  ${page.style.bold(shown.workflow)}  ${shortId(shown.execution_id)}`]
      .concat(outcomeLines(shown, page))
      .join("\n"),
  );
  if (signal.aborted && execution.ended_at === null) {
    const again = `${commandOf("executions_get", { execution_id: execution.execution_id })} --follow`;
    output.notice(`It goes on without this look at it. ${again} looks again.`);
  } else if (execution.status !== "completed") output.notice(inCommandForm(execution.next));
}

/** A pending wait of the execution or of one below it. */
type Question = PendingWaitView & { executionId: string };

interface FollowerOptions {
  session: Session;
  client: SavepointClient;
  view: FollowView;
  executionId: string;
}

/** One look at an execution: its events, its log, and the question that stands open at the terminal. */
class Follower {
  readonly #session: Session;
  readonly #client: SavepointClient;
  readonly #view: FollowView;
  readonly #id: string;
  readonly #stop = new AbortController();
  #state: ProgressState = nothingYet;
  #look: NodeJS.Timeout | undefined;
  #asking: { wait: Question; withdraw: AbortController; done: Promise<void> } | undefined;
  #looking: Promise<void> = Promise.resolve();
  #failure: { cause: unknown } | undefined;

  constructor({ session, client, view, executionId }: FollowerOptions) {
    this.#session = session;
    this.#client = client;
    this.#view = view;
    this.#id = executionId;
  }

  async run({ logs }: FollowOptions): Promise<void> {
    const signal = AbortSignal.any([this.#session.signal, this.#stop.signal]);
    const tail = new LogTail(this.#client, this.#id);
    const logging = logs ? tail.follow((line) => this.#view.log(this.#clean(line)), signal) : Promise.resolve();
    let hasEnded = false;
    try {
      for await (const followed of this.#client.follow(this.#id, { signal })) {
        hasEnded = followed.kind === "done";
        if (followed.kind === "done") break;
        const event = this.#clean(followed.event);
        this.#state = withEvent(this.#state, event);
        this.#view.tell(event, this.#state);
        this.#attend();
      }
    } finally {
      this.#stop.abort();
      clearTimeout(this.#look);
      this.#asking?.withdraw.abort(hasEnded ? settledElsewhere : undefined);
      await Promise.all([logging, this.#looking, this.#asking?.done]);
    }
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  readonly #fail = (cause: unknown) => {
    this.#failure ??= { cause };
    this.#stop.abort();
  };

  /** JSON escapes by itself, and is to hold what was recorded. */
  #clean<T>(value: T): T {
    return this.#session.output.isJson ? value : harmlessValue(value);
  }

  #attend(): void {
    this.#lookAgain(settlingMs);
  }

  #lookAgain(afterMs: number): void {
    this.#look ??= setTimeout(() => {
      this.#look = undefined;
      this.#looking = this.#lookAtWaits().catch(this.#fail);
    }, afterMs);
  }

  async #lookAtWaits(): Promise<void> {
    const { status, rows } = this.#state;
    const isAsking = rows.some((row) => row.status === "pending");
    const hasChildren = rows.some((row) => row.kind === "child" && row.status === "running");
    // What a child asks is on no event of its parent.
    if (hasChildren) this.#lookAgain(belowMs);
    if (this.#asking !== undefined) return this.#withdrawIfSettled();
    if (this.#stop.signal.aborted) return;
    if (!isAsking && !hasChildren && status !== "paused") return;
    const execution = await this.#client.executions.get({ execution_id: this.#id });
    const asked = await this.#questionOf(execution);
    if (!this.#session.output.canAsk) {
      // Nobody here can make it go on.
      const isStuck = execution.status === "paused" || (execution.status === "waiting" && asked !== undefined);
      if (isStuck) this.#stop.abort();
    } else if (asked !== undefined && execution.status !== "paused") this.#ask(asked);
  }

  /** Its name says nothing: a wait is called otherwise once another of its name is asked. */
  async #withdrawIfSettled(): Promise<void> {
    const { executionId, wait_id: id } = this.#asking?.wait ?? {};
    if (executionId === undefined) return;
    const { pending_waits: pending } = await this.#client.executions.get({ execution_id: executionId });
    if (pending.every(({ wait_id: other }) => other !== id) && this.#asking?.wait.wait_id === id) {
      this.#asking?.withdraw.abort(settledElsewhere);
    }
  }

  /** What it asks, or else what one of the executions below it asks. */
  async #questionOf({ execution_id: id, pending_waits: own, children }: ExecutionView): Promise<Question | undefined> {
    const [first] = own;
    if (first !== undefined) return { ...first, executionId: id };
    const child = children.find(({ pending_waits: asked }) => asked > 0);
    if (child === undefined) return undefined;
    const [wait] = (await this.#client.executions.get({ execution_id: child.execution_id })).pending_waits;
    return wait && { ...wait, executionId: child.execution_id };
  }

  #ask(wait: Question): void {
    const withdraw = new AbortController();
    const done = this.#askAndAnswer(wait, withdraw.signal)
      .catch(this.#fail)
      .finally(() => {
        this.#asking = undefined;
      });
    this.#asking = { wait: this.#clean(wait), withdraw, done };
  }

  async #askAndAnswer(wait: Question, withdrawn: AbortSignal): Promise<void> {
    this.#view.pause();
    const said = await askWait(wait, this.#session.output, withdrawn);
    if (said !== undefined) await this.#answer(wait, said.value);
    else if (!withdrawn.aborted) return this.#stop.abort();
    else if (withdrawn.reason === settledElsewhere) this.#session.output.notice(`${wait.name} ${settledElsewhere}.`);
    if (this.#stop.signal.aborted) return;
    this.#view.resume();
    // The next question may have been asked before this one was answered.
    setTimeout(() => this.#attend(), settlingMs);
  }

  async #answer(wait: Question, value: unknown): Promise<void> {
    const { output } = this.#session;
    try {
      const { executionId, wait_id } = wait;
      await this.#client.executions.input({ execution_id: executionId, wait: wait_id, value, wait_seconds: 0 });
    } catch (error) {
      if (!isUserError(error)) throw error;
      const isTooLate = ["conflict", "invalid_state", "not_found"].includes(error.code);
      output.notice(isTooLate ? `Someone was faster: ${error.message}.` : `It was not taken: ${error.message}.`);
    }
  }
}
