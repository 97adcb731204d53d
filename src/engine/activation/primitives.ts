import { messageOf } from "../../core/errors.ts";
import type { ExecutionStatus } from "../../core/statuses.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { Handle } from "../../flows/handles.ts";
import { readWaitLimit } from "../../flows/run-options.ts";
import type {
  AgentCall,
  CheckpointCall,
  ChildCall,
  FlowRuntime,
  GroupRecord,
  LoadCall,
  ModelCall,
  ProgressReport,
  RunningCheckpoint,
  RunSettings,
  SaveCall,
  SkipCall,
  SleepCall,
  ToolCall,
  WaitAnswer,
  WaitCall,
} from "../../flows/runtime.ts";
import type { LogLevel } from "../../store/logs.ts";
import { CheckpointRun } from "../calls/checkpoint-run.ts";
import { ChildRun, type StartedChild } from "../calls/child-run.ts";
import { groupRecord } from "../calls/group-record.ts";
import { OutsideCalls } from "../calls/outside-calls.ts";
import { Records } from "../calls/records.ts";
import { skip } from "../calls/skip.ts";
import { SleepRun } from "../calls/sleep-run.ts";
import { WaitRun } from "../calls/wait-run.ts";
import type { ActivationPort } from "./activation-port.ts";
import { Console } from "./console.ts";
import { isStoreTrouble } from "./failures.ts";
import { Submitted } from "./submitted.ts";

/** What the primitives of the authoring API do in an activation. Once it is over, none of them settles any more. */
export class Primitives implements FlowRuntime {
  readonly executionId: string;
  readonly isReplay: boolean;
  readonly settings: RunSettings;
  readonly submitted = new Submitted();
  readonly #activation: ActivationPort;
  readonly #records: Records;
  readonly #outside: OutsideCalls;
  readonly #console: Console;
  /** Looked at once: a body that wakes calls the same names again, thousands of times. */
  readonly #fineNames = new Set<string>();

  constructor(activation: ActivationPort) {
    const { execution } = activation;
    this.#activation = activation;
    this.executionId = execution.id;
    this.isReplay = execution.replayedFrom !== null;
    const { workflow, workspace, timeouts } = execution;
    this.settings = { workflow, workspace, timeouts };
    this.#records = new Records(activation);
    this.#outside = new OutsideCalls(activation);
    this.#console = new Console(activation);
  }

  checkpoint(call: CheckpointCall): Promise<unknown> {
    this.#refuseSecret("checkpoint", call.name);
    return this.#perform((resolve, reject) => CheckpointRun.begin(this.#activation, call, resolve, reject));
  }

  submit(call: CheckpointCall): { result(): Promise<unknown> } {
    return this.submitted.add(this.checkpoint(call));
  }

  wait(call: WaitCall): Promise<WaitAnswer> {
    this.#refuseSecret("wait", call.name);
    return this.#perform((resolve, reject) => WaitRun.begin(this.#activation, call, resolve, reject));
  }

  sleep(call: SleepCall): Promise<void> {
    return this.#perform((resolve) => SleepRun.begin(this.#activation, call, resolve));
  }

  skip(call: SkipCall): Promise<void> {
    return this.#perform((resolve) => skip(this.#activation, call, resolve));
  }

  child(call: ChildCall): Promise<Handle> {
    for (const tag of call.tags) this.#refuseSecret("tag", tag);
    const started = this.#perform<StartedChild>((resolve, reject) =>
      ChildRun.begin(this.#activation, call, resolve, reject),
    );
    // From its call on the child is the body's, whether or not anybody awaits the handle.
    const { result } = this.submitted.add(
      started.then(
        ({ settled }) => settled,
        // Why it was not started is told where it was called.
        noop,
      ),
    );
    const handle = started.then((child) => this.#handleOf(child, call.scope, result));
    handle.catch(noop);
    return handle;
  }

  continueAsNew(input: unknown): Promise<never> {
    return this.#perform((_, reject) => {
      try {
        this.#activation.continueAsNew(this.#activation.encode(input, "input"));
      } catch (error) {
        if (isStoreTrouble(error)) this.#activation.block(error);
        else reject(new MisuseError(`continueAsNew(): ${messageOf(error)}`));
      }
    });
  }

  value<T>(name: "now" | "random" | "uuid", make: () => T, scope: string): T {
    this.#activation.delivery.touch();
    return this.#records.value({ name, scope }, name === "now" ? () => this.#activation.now() as T : make);
  }

  log(fields: Record<string, unknown>, inside: RunningCheckpoint | undefined): void {
    this.#records.log(fields, inside);
  }

  progress(report: ProgressReport, inside: RunningCheckpoint | undefined): void {
    this.#records.progress(report, inside);
  }

  save(call: SaveCall, inside: RunningCheckpoint | undefined): Promise<void> {
    for (const label of [call.name, ...call.tags]) this.#refuseSecret("artifact or tag", label);
    return this.#perform((resolve, reject) => this.#records.save(call, inside, resolve, reject));
  }

  load(call: LoadCall, inside: RunningCheckpoint | undefined): Promise<unknown> {
    return this.#perform((resolve, reject) => this.#records.load(call, inside, resolve, reject));
  }

  emit(event: string, data: unknown, inside: RunningCheckpoint): void {
    this.#refuseSecret("event", event);
    const run = this.#outside.runOf(inside, "emit()");
    run.atEnd(() => this.#activation.event("event_emitted", run.ordinal, { event, data }));
  }

  groups(inside: RunningCheckpoint): GroupRecord {
    this.#outside.runOf(inside, "a program");
    return groupRecord(this.#activation);
  }

  secret(name: string, key: string, inside: RunningCheckpoint): Promise<string> {
    return this.#perform((resolve, reject) => this.#records.secret({ name, key, inside }, resolve, reject));
  }

  askModel(call: ModelCall, inside: RunningCheckpoint) {
    return this.#whileAlive(() => this.#outside.askModel(call, inside));
  }

  runAgent(call: AgentCall, inside: RunningCheckpoint) {
    return this.#whileAlive(() => this.#outside.runAgent(call, inside));
  }

  callTool(call: ToolCall, inside: RunningCheckpoint) {
    return this.#whileAlive(() => this.#outside.callTool(call, inside));
  }

  print(level: LogLevel, message: string, inside: RunningCheckpoint | undefined): void {
    this.#console.print(level, message, inside);
  }

  /** What user code threw where nobody can catch it fails the checkpoint that it belongs to, else the execution. */
  crash(error: unknown, inside: RunningCheckpoint | undefined): void {
    if (!this.#activation.alive) return;
    const run = [...this.#activation.running].find(({ context }) => context === inside);
    if (run !== undefined) return run.crash(error);
    if (inside === undefined) this.#activation.fail(error);
    else this.print("error", `after ${inside.selector} had ended: ${messageOf(error)}`, inside);
  }

  /** What it answers is on the record, as all that a body sees. */
  #handleOf(
    { executionId, settled, status: look }: StartedChild,
    scope: string,
    result: () => Promise<unknown>,
  ): Handle {
    const ended = settled.catch(noop);
    const status = () =>
      this.#perform<ExecutionStatus>((resolve) => resolve(this.#records.childStatus(executionId, scope, look)));
    return {
      executionId,
      status,
      result,
      wait: async (options) => {
        const ms = readWaitLimit(options);
        const pause = ms === undefined ? undefined : this.sleep({ scope, name: "sleep", until: { ms } });
        await (pause === undefined ? ended : Promise.race([ended, pause]));
        return status();
      },
    };
  }

  /** Names are kept as they are, for people to use them, so that nothing in them can be sealed or redacted. */
  #refuseSecret(what: string, name: string): void {
    if (this.#fineNames.has(name)) return;
    if (this.#activation.context.store.protection.redact(name) === name) return void this.#fineNames.add(name);
    throw new MisuseError(`the name of this ${what} holds the value of a secret: choose another`);
  }

  /** What a model answers once the activation is over is nobody's business any more. */
  async #whileAlive<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#activation.alive) return new Promise<T>(noop);
    return call();
  }

  #perform<T>(begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    if (!this.#activation.alive) return new Promise<T>(noop);
    this.#activation.delivery.touch();
    const promise = new Promise<T>(begin);
    // A failure that the body looks at later is no unhandled rejection.
    promise.catch(noop);
    return promise;
  }
}

function noop(): void {}
