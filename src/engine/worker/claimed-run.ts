import { isUserError, messageOf } from "../../core/errors.ts";
import { scopeStorage } from "../../flows/runtime.ts";
import type { Execution, Fence } from "../../store/execution.ts";
import { Activation } from "../activation/activation.ts";
import { StoreError } from "../committer.ts";
import type { EngineContext, LoadedFlow } from "../ports.ts";
import { IsolatedRun } from "./isolated-run.ts";
import { LoadingScope } from "./loading-scope.ts";
import type { Isolation, IsolationReason, RunHost, RunOutcome } from "./run.ts";

/** What one claimed execution goes through: its code is loaded, and runs here or in a process of its own. */
export class ClaimedRun {
  readonly execution: Execution;
  readonly fence: Fence;
  readonly #host: RunHost;
  #activation: Activation | undefined;
  #apart: IsolatedRun | undefined;
  #draining = false;

  constructor(host: RunHost, execution: Execution) {
    const { seq, epoch } = execution;
    this.#host = host;
    this.execution = execution;
    this.fence = { seq, owner: host.owner, epoch };
  }

  async run(): Promise<RunOutcome> {
    const { isolation } = this.#host;
    const why = isolation?.reasonFor(this.execution);
    if (isolation !== undefined && why !== undefined) {
      return this.#runApart(isolation, { why, retries: isolation.retriesOf(this.execution) });
    }
    const flow = await this.#load();
    if ("kind" in flow) return flow;
    // A flow that its file does not export is not among those that are described, so its own word counts as well.
    const { isolate, retries } = flow.definition;
    if (isolation !== undefined && isolate) return this.#runApart(isolation, { why: "asked", retries });
    return this.#runHere(flow);
  }

  /** Whether there is anything that must be waited for when the process is to end. */
  get hasBegun(): boolean {
    return this.#activation !== undefined || this.#apart !== undefined;
  }

  /** Whether nothing is running that should be let end. */
  get isAtRest(): boolean {
    return this.#activation?.running.size === 0;
  }

  /** The lease is gone: it was cancelled, or others took it over. */
  refused(): void {
    this.#activation?.refused();
    this.#apart?.refused();
  }

  /** Others may have settled something, or asked for a pause. */
  catchUp(lastPosition: number, pauseRequested: boolean): void {
    this.#activation?.catchUp(lastPosition, pauseRequested);
  }

  /** Lets what is running end, and begins nothing more. */
  drain(): void {
    this.#draining = true;
    this.#activation?.drain();
    this.#apart?.drain();
  }

  /** Leaves the execution as it is on the record. */
  stop(): void {
    this.#activation?.stop();
    this.#apart?.stop();
  }

  async #runApart(isolation: Isolation, how: { why: IsolationReason; retries: number }): Promise<RunOutcome> {
    if (this.#draining) return { kind: "stopped" };
    const { execution, fence } = this;
    this.#apart = new IsolatedRun(this.#host, isolation, { execution, fence, ...how });
    return this.#apart.run();
  }

  /** A version that cannot be loaded defers the execution; it never fails it. */
  async #load(): Promise<LoadedFlow | RunOutcome> {
    const { version, workflow } = this.execution;
    const { ports } = this.#host.context;
    try {
      return await scopeStorage.run(this.#loadingScope(), () => ports.loadFlow(version, workflow));
    } catch (error) {
      return notLoaded(error);
    }
  }

  async #runHere({ definition, dependencyChanges }: LoadedFlow): Promise<RunOutcome> {
    let activation: Activation;
    try {
      activation = this.#prepare(definition);
      await this.#unblock();
    } catch (error) {
      return notLoaded(error);
    }
    noteDependencies(activation, dependencyChanges);
    if (this.#draining) return { kind: "stopped" };
    this.#activation = activation;
    activation.start();
    const outcome = await activation.done;
    if (outcome.kind === "blocked" || outcome.kind === "stopped") return outcome;
    return { kind: "over" };
  }

  #prepare(definition: LoadedFlow["definition"]): Activation {
    const { execution, fence } = this;
    const { context, committer } = this.#host;
    context.ports.hashArguments("");
    const isFirst = execution.epoch === 1 && execution.replayedFrom === null;
    const entries = isFirst ? [] : context.store.journal.load(execution.seq);
    const recordsStarts = this.#host.isSole;
    return new Activation(context, committer, { execution, fence, definition, entries, recordsStarts });
  }

  /** Until here it counted as blocked, so that trying again and again leaves no trace. */
  async #unblock(): Promise<void> {
    const { context, committer } = this.#host;
    if (this.execution.blockedReason === null) return;
    await committer.run(() => {
      if (context.store.executions.unblock(this.fence)) noteStart(context, this.execution);
    });
    this.execution.blockedReason = null;
  }

  #loadingScope(): LoadingScope["scope"] {
    const { context, committer, onProblem } = this.#host;
    const { execution } = this;
    const append = (log: Parameters<typeof context.store.logs.append>[1]) => {
      const written = committer.run(() => context.store.logs.append(execution.seq, log));
      written.catch((error) => onProblem(`a line of output was lost: ${messageOf(error)}`, error));
    };
    return new LoadingScope(execution, append, context.clock).scope;
  }
}

/** Inside a transaction: the execution goes on in another activation. */
export function noteStart({ store, clock }: EngineContext, { seq, epoch }: Execution): void {
  const data = epoch > 1 ? { activation: epoch } : undefined;
  store.events.append(seq, { type: "execution_started", at: clock.now(), data });
}

function noteDependencies(activation: Activation, changes: Record<string, unknown>): void {
  if (Object.keys(changes).length === 0) return;
  activation.note(() => activation.event("dependency_changed", null, { packages: changes }));
}

function notLoaded(error: unknown): RunOutcome {
  if (error instanceof StoreError) return { kind: "blocked", reason: error.reason };
  const reason = isUserError(error) ? `${error.code}: ${error.message}` : `loading failed: ${messageOf(error)}`;
  return { kind: "blocked", reason };
}
