import { after } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { newExecutionId } from "../../core/ids.ts";
import type { ExecutionStatus } from "../../core/statuses.ts";
import { encodeValue } from "../../core/values.ts";
import { ExecutionFailed, MisuseError } from "../../flows/errors.ts";
import type { ChildCall } from "../../flows/runtime.ts";
import { wholeExecution } from "../../store/budgets.ts";
import type { Execution } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import type { ActivationPort } from "../activation/activation-port.ts";
import { isStoreTrouble } from "../activation/failures.ts";
import { deepestFamily, isTooDeep, outcomeOf, settlementOf } from "../family.ts";

export interface StartedChild {
  executionId: string;
  /** How it stands now, or came out. */
  status(): ExecutionStatus;
  /** Its result. Rejects with ExecutionFailed. */
  settled: Promise<unknown>;
}

type Resolve = (child: StartedChild) => void;
type Reject = (error: unknown) => void;

/** One call of a flow's `run` in an activation. Whoever ends the child settles the entry; this reads it. */
export class ChildRun {
  readonly #activation: ActivationPort;
  readonly #call: ChildCall;
  readonly #input: string | null;
  readonly #entry: JournalEntry;

  static begin(activation: ActivationPort, call: ChildCall, resolve: Resolve, reject: Reject): void {
    let input: string | null;
    let argumentsHash: string;
    try {
      refuseUnfit(activation, call);
      const encoded = encodeValue(call.input, "input");
      argumentsHash = activation.context.ports.hashArguments(encoded);
      input = call.input === undefined ? null : activation.context.store.payloads.store(encoded);
    } catch (error) {
      if (isStoreTrouble(error)) return activation.block(error);
      return reject(error instanceof MisuseError ? error : new MisuseError(`${call.name}.run(): ${messageOf(error)}`));
    }
    const identity = { kind: "child" as const, scope: call.scope, name: call.name, argumentsHash };
    activation.entries.enter(identity, (taken) => {
      const entry = taken ?? activation.entries.create(identity, { status: "running" });
      const run = new ChildRun(activation, call, input, entry);
      const settled = run.#await();
      const known = run.#childId;
      const started = (executionId: string) =>
        resolve({ executionId, settled, status: () => run.#statusOf(executionId) });
      if (known === null) return run.#start(taken === undefined, started);
      if (entry.position === null) run.#catchUp(known);
      run.#flush(
        () => {},
        () => started(known),
      );
    });
  }

  private constructor(activation: ActivationPort, call: ChildCall, input: string | null, entry: JournalEntry) {
    this.#activation = activation;
    this.#call = call;
    this.#input = input;
    this.#entry = entry;
  }

  get #childId(): string | null {
    const id = this.#entry.detail?.["executionId"];
    return typeof id === "string" ? id : null;
  }

  #await(): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // A failure that the body looks at later is no unhandled rejection.
    promise.catch(() => {});
    this.#activation.ask(this.#entry, () => {
      this.#activation.timers.unblock(this.#entry.ordinal);
      this.#deliver(resolve, reject);
    });
    if (this.#entry.position === null) this.#activation.timers.block(this.#entry.ordinal, null, () => {});
    return promise;
  }

  /** The child's row and this entry commit together. */
  #start(isNew: boolean, started: (executionId: string) => void): void {
    const { store } = this.#activation.context;
    const { seq } = this.#activation.fence;
    const id = newExecutionId();
    this.#entry.detail = { executionId: id };
    const write = () => {
      if (isNew) store.journal.insert(seq, this.#entry);
      else store.journal.update(seq, this.#entry);
      this.#insertChild(id);
      this.#activation.event("child_started", this.#entry.ordinal, { execution_id: id, workflow: this.#call.name });
    };
    this.#flush(write, () => started(id));
  }

  /**
   * The body gets a handle with the flush after its call, and until then nothing else is delivered: so it comes before
   * whatever comes later, when the child is started as on a re-run.
   */
  #flush(apply: () => void, started: () => void): void {
    const flushed = Promise.withResolvers<void>();
    const committed = () => {
      started();
      flushed.resolve();
    };
    this.#activation.push({ settles: 0, apply, committed });
    void this.#activation.delivery.holdBack(flushed.promise);
  }

  #insertChild(id: string): void {
    const { context, execution, fence } = this.#activation;
    const { name, workflow, tags, timeoutMs, stack, limits, models } = this.#call;
    const located = "version" in workflow ? workflow : inSameVersion(execution, name);
    const now = this.#activation.now();
    const seq = context.store.executions.insert({
      id,
      workflow: name,
      ...located,
      stack: stack ?? execution.stack,
      trigger: "parent",
      tags,
      input: this.#input,
      timeoutMs,
      deadlineAt: timeoutMs === null ? null : after(now, timeoutMs),
      lastPosition: 0,
      parentSeq: fence.seq,
      parentOrdinal: this.#entry.ordinal,
      models: { ...execution.models, ...models },
      workspace: execution.workspace,
      timeouts: execution.timeouts,
      depth: execution.depth + 1,
      replayedFrom: null,
      replay: null,
      createdAt: now,
    });
    if (limits !== undefined) context.store.budgets.setLimits({ seq, ordinal: wholeExecution }, limits);
    context.store.events.append(seq, {
      type: "execution_created",
      at: now,
      data: { parent_execution_id: execution.id },
    });
  }

  #statusOf(childId: string): ExecutionStatus {
    const { status, position } = this.#entry;
    if (position === null) return this.#activation.context.store.executions.byId(childId)?.status ?? "cancelled";
    return status === "completed" || status === "cancelled" ? status : "failed";
  }

  /** A child that was retried by itself may have ended while this entry, being closed, did not hear of it. */
  #catchUp(childId: string): void {
    const { store } = this.#activation.context;
    const child = store.executions.byId(childId);
    const outcome = child === undefined ? removed : outcomeOf(child);
    if (outcome === undefined) return;
    let isSettled = false;
    this.#activation.push({
      settles: 1,
      apply: (position) => {
        // The child may have ended since this activation read the journal: then its own end has settled the entry.
        isSettled = store.journal.find(this.#activation.fence.seq, this.#entry.ordinal)?.position === null;
        if (!isSettled) return;
        Object.assign(this.#entry, settlementOf(outcome), { position, endedAt: this.#activation.now() });
        store.journal.update(this.#activation.fence.seq, this.#entry);
        this.#activation.event(`child_${outcome.status}`, this.#entry.ordinal, { execution_id: childId });
      },
      committed: () => {
        if (isSettled) this.#activation.entries.settled(this.#entry);
      },
    });
  }

  #deliver(resolve: (value: unknown) => void, reject: Reject): void {
    const { status, failure, output, ordinal } = this.#entry;
    if (status === "completed") return resolve(this.#activation.decode(output));
    const how = status === "cancelled" ? "cancelled" : "failed";
    const error = new ExecutionFailed(this.#childId ?? "", how, failure);
    this.#activation.failedEntries.set(error, ordinal);
    reject(error);
  }
}

const removed = {
  status: "failed" as const,
  failure: { code: "not_found", message: "its record was removed", origin: "engine" as const },
};

/** @throws MisuseError */
function refuseUnfit({ context, execution }: ActivationPort, { name, workflow }: ChildCall): void {
  if (isTooDeep(execution)) {
    throw new MisuseError(
      `${name}.run(): ${deepestFamily} executions stand below one another already; call plain functions instead, or check what ends the recursion`,
    );
  }
  if ("version" in workflow || context.ports.loadedFlow(execution.version, name) === workflow.definition) return;
  throw new MisuseError(
    `${name}.run(): a child must be found by its name in this version of the code; declare flow ${name} at the top level of a file of the project, under a name that no other flow has, or export it from the file that is run`,
  );
}

/** A child of the same file runs the parent's version; its target is what `code: "current"` of a replay would look for. */
function inSameVersion({ target, version }: Execution, name: string): { version: string; target: string } {
  const colon = target.lastIndexOf(":");
  return { version, target: colon < 0 ? name : `${target.slice(0, colon)}:${name}` };
}
