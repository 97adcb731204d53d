import { randomUUID } from "node:crypto";
import { UserError } from "../core/errors.ts";
import { type ExecutionStatus, type Failure, isTerminal } from "../core/statuses.ts";
import type { Usage } from "../core/usage.ts";
import { ExecutionFailed } from "../flows/errors.ts";
import type { Execution } from "../store/execution.ts";
import { notAsked, notEnded } from "./run-problems.ts";
import {
  RunRecord,
  type TestArtifact,
  type TestCheckpoint,
  type TestEvent,
  type TestLog,
  type TestWait,
} from "./run-record.ts";
import type { Session } from "./session.ts";

export interface TestReplayOptions {
  /** Checkpoint name or selector from which everything runs again; none: all of it. */
  from?: string;
  /** `{ "checkpoint.<selector>": value }` */
  overrides?: Record<string, unknown>;
  /** In place of the recorded input. */
  input?: unknown;
  /** The flow as it was changed, under its name; default: the one that it ran with. */
  flow?: object;
  reuseAnswers?: boolean;
}

/** What the engine of a run does for it. */
export interface RunHost<Result> {
  session: Session;
  /** The version that a changed flow becomes. */
  withChanged(flow: object, workflow: string): string;
  run(executionId: string): TestRun<Result>;
}

/** How long what works in real time may keep silent while somebody awaits its result. */
const awaitedMs = 4_000;

/**
 * One execution of a test engine. Everything that is read of it is read once nothing more happens without time or an
 * answer.
 */
export class TestRun<Result = unknown> {
  readonly executionId: string;
  readonly #host: RunHost<Result>;

  constructor(host: RunHost<Result>, executionId: string) {
    this.#host = host;
    this.executionId = executionId;
  }

  async status(): Promise<ExecutionStatus> {
    return (await this.#settled()).status;
  }

  /**
   * What the flow returned.
   * @throws ExecutionFailed when it failed or was cancelled; UserError `invalid_state` when it cannot end by itself
   */
  async result(): Promise<Result> {
    const execution = await this.#ended();
    if (execution.status === "completed") return this.#record(execution).result as Result;
    throw new ExecutionFailed(execution.id, execution.status, execution.failure);
  }

  /** Why it failed; null when it has not. */
  async failure(): Promise<Failure | null> {
    const execution = await this.#settled();
    return execution.status === "failed" || execution.status === "cancelled" ? execution.failure : null;
  }

  /**
   * Waits until it has ended, or nothing more happens without time or an answer. With `autoAdvance` time passes
   * meanwhile, up to the next question.
   */
  async settled(): Promise<ExecutionStatus> {
    for (;;) {
      const execution = await this.#settled();
      if (isTerminal(execution.status) || this.#isAsked() || !(await this.#session.skip())) return execution.status;
    }
  }

  /** Waits until it asks for an answer: to the wait of this name, or to any. @throws UserError when it does not */
  async waitFor(name?: string): Promise<TestWait> {
    for (;;) {
      const execution = await this.#settled(awaitedMs);
      const pending = this.#record(execution).pendingWaits();
      const found = pending.find(
        (wait) => name === undefined || wait.name === name || wait.name.startsWith(`${name}#`),
      );
      if (found !== undefined) return found;
      if (isTerminal(execution.status) || !(await this.#session.skip())) throw notAsked(this.#session, execution, name);
    }
  }

  async pendingWaits(): Promise<TestWait[]> {
    return this.#record(await this.#settled()).pendingWaits();
  }

  /** Answers a wait; `wait` may be left out where one is pending. @throws UserError when the value does not fit */
  async answer(value: unknown, { wait }: { wait?: string } = {}): Promise<void> {
    await this.#settled();
    const request = { value, wait, answeredBy: "test", idempotencyKey: randomUUID() };
    await this.#session.operate(({ engine }) => engine.answer(this.executionId, request));
  }

  /** Ends a wait without an answer: the flow sees `WaitAborted`. */
  async abort({ wait, reason }: { wait?: string; reason?: string } = {}): Promise<void> {
    const pending = await this.pendingWaits();
    await this.#session.operate(
      ({ engine }) => engine.abortWait(this.executionId, { wait, reason }),
      () => this.#unless(this.#record(this.#execution).pendingWaits().length === pending.length),
    );
  }

  async checkpoints(): Promise<TestCheckpoint[]> {
    return this.#record(await this.#settled()).checkpoints();
  }

  /** The checkpoint of this name or selector. @throws UserError `not_found` */
  async checkpoint(name: string): Promise<TestCheckpoint> {
    const all = await this.checkpoints();
    const found = all.find(({ selector }) => selector === name) ?? all.find((one) => one.name === name);
    if (found !== undefined) return found;
    const names = all.map(({ selector }) => selector);
    throw new UserError("not_found", `there is no checkpoint ${JSON.stringify(name)} on the record`, {
      hint: names.length === 0 ? "None has been called yet." : `There are: ${names.join(", ")}.`,
    });
  }

  /** The timeline, oldest first. */
  async events(): Promise<TestEvent[]> {
    return this.#record(await this.#settled()).events();
  }

  /** What it printed, oldest first. */
  async logs(): Promise<TestLog[]> {
    return this.#record(await this.#settled()).logs();
  }

  async artifacts(): Promise<TestArtifact[]> {
    return this.#record(await this.#settled()).artifacts();
  }

  /** What models and agents have used, in it and below it. */
  async usage(): Promise<Usage> {
    return this.#record(await this.#settled()).usage();
  }

  /** The executions that it started, oldest first. */
  async children(): Promise<TestRun[]> {
    const { seq } = await this.#settled();
    const below = this.#session.process.store.families.descendants(seq, 1_000);
    return below.filter(({ depth }) => depth === 1).map(({ id }) => this.#host.run(id) as TestRun);
  }

  /** Tries again what failed; what had completed is kept. @throws UserError unless it has failed */
  async retry(): Promise<void> {
    await this.#settled();
    await this.#session.operate(
      ({ engine }) => engine.retry(this.executionId),
      () => this.#unless(this.#execution.status === "failed"),
    );
  }

  async cancel(): Promise<void> {
    await this.#session.operate(
      ({ engine }) => engine.cancel(this.executionId),
      () => this.#unless(this.#execution.status !== "cancelled"),
    );
  }

  /** A new execution from the record of this one. */
  async replay(options: TestReplayOptions = {}): Promise<TestRun<Result>> {
    const source = await this.#settled();
    const { from, overrides, reuseAnswers, flow } = options;
    const hash = flow === undefined ? source.version : this.#host.withChanged(flow, source.workflow);
    const request = {
      from,
      overrides,
      reuseAnswers,
      ...("input" in options && { input: { value: options.input } }),
      version: { hash, checkpoints: checkpointsIn(overrides) },
      timeoutMs: source.timeoutMs,
      idempotencyKey: randomUUID(),
    };
    const { execution } = await this.#session.operate(({ engine }) => engine.replay(source.id, request));
    if (execution === null) throw new Error("a replay that is no dry run has an execution");
    return this.#host.run(execution.id);
  }

  get #session(): Session {
    return this.#host.session;
  }

  get #execution(): Execution {
    return this.#session.execution(this.executionId);
  }

  async #settled(patienceMs?: number): Promise<Execution> {
    await this.#session.settle(patienceMs);
    return this.#execution;
  }

  #record(execution: Execution): RunRecord {
    return new RunRecord(this.#session.process, execution);
  }

  #isAsked(): boolean {
    return this.#session.process.store.families.askingBelow(this.#execution.seq) !== undefined;
  }

  #unless(isMissing: boolean): Execution | undefined {
    return isMissing ? undefined : this.#execution;
  }

  async #ended(): Promise<Execution & { status: "completed" | "failed" | "cancelled" }> {
    for (;;) {
      const execution = await this.#settled(this.#session.skips ? undefined : awaitedMs);
      const { status } = execution;
      if (status === "completed" || status === "failed" || status === "cancelled") return execution;
      if (!(await this.#session.skip())) throw notEnded(this.#session, execution);
    }
  }
}

function checkpointsIn(overrides: Record<string, unknown> = {}): string[] {
  return Object.keys(overrides).map((key) => key.replace(/^checkpoint\./, ""));
}
