import { UserError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { ExecutionStatus } from "../../core/statuses.ts";
import { decodeValue, encodeValue } from "../../core/values.ts";
import { MisuseError } from "../../flows/errors.ts";
import type { LoadCall, ProgressReport, RunningCheckpoint, SaveCall } from "../../flows/runtime.ts";
import type { ActivationPort, RunningBody } from "../activation/activation-port.ts";
import { failureOf, isStoreTrouble } from "../activation/failures.ts";
import type { Call } from "../activation/matching.ts";
import { newArtifact, readArtifact } from "./artifact-values.ts";
import { mergeFields } from "./metadata.ts";

type Reject = (error: unknown) => void;

interface ValueCall {
  name: string;
  scope: string;
  argumentsHash?: string | null;
}

/** The primitives that note something: values, metadata, progress and artifacts. */
export class Records {
  readonly #activation: ActivationPort;
  #metadata: Record<string, unknown> = {};

  constructor(activation: ActivationPort) {
    this.#activation = activation;
  }

  /** Synchronous: its row is in the same batch as, or an earlier one than, whatever follows from it. */
  value<T>({ name, scope, argumentsHash = null }: ValueCall, make: () => T): T {
    const call: Call = { kind: "value", scope, name, argumentsHash };
    const match = this.#activation.entries.matcher.match(call, this.#activation.entries.matcher.number(call));
    if (typeof match === "object" && match.taken.output !== null) {
      if (match.taken.reuse === "candidate") this.#keep(match.taken);
      return decodeValue(match.taken.output) as T;
    }
    const value = make();
    this.#insert(call, { output: encodeValue(value, name) });
    return value;
  }

  /** How a child stands now, or stood when the body first asked. */
  childStatus(executionId: string, scope: string, look: () => ExecutionStatus): ExecutionStatus {
    const argumentsHash = this.#activation.context.ports.hashArguments(executionId);
    return this.value({ name: "status", scope, argumentsHash }, look);
  }

  log(fields: Record<string, unknown>, inside: RunningCheckpoint | undefined): void {
    const encoded = plainFields(fields, "log()");
    const run = this.#runOf(inside);
    if (run !== undefined)
      return run.describe((entry) => {
        entry.metadata = mergeFields(entry.metadata ?? {}, encoded);
      });
    this.#metadata = mergeFields(this.#metadata, encoded);
    if (this.#isRecorded({ kind: "log", scope: "", name: "log", argumentsHash: null })) return;
    const { executions } = this.#activation.context.store;
    this.#insert({ kind: "log", scope: "", name: "log", argumentsHash: null }, { metadata: encoded });
    this.#activation.note(() => executions.describe(this.#activation.fence, this.#metadata, null));
  }

  progress(report: ProgressReport, inside: RunningCheckpoint | undefined): void {
    const progress = plainFields({ ...report }, "progress()");
    const run = this.#runOf(inside);
    const { executions } = this.#activation.context.store;
    const call: Call = { kind: "progress", scope: "", name: "progress", argumentsHash: null };
    if (run === undefined) {
      if (this.#isRecorded(call)) return;
      this.#insert(call, { progress });
    } else
      run.describe((entry) => {
        entry.progress = progress;
      });
    this.#activation.note(() => {
      executions.describe(this.#activation.fence, null, progress);
      this.#activation.event("progress", run?.ordinal ?? null, progress);
    });
  }

  save(call: SaveCall, inside: RunningCheckpoint | undefined, resolve: () => void, reject: Reject): void {
    const run = this.#runOf(inside);
    const { store } = this.#activation.context;
    const id = newId();
    const prepare = () => {
      const producer = { id, executionSeq: this.#activation.fence.seq, ordinal: run?.ordinal ?? null };
      return newArtifact(store, call, producer, this.#activation.now());
    };
    try {
      if (run !== undefined) {
        const artifact = prepare();
        return this.#activation.push({
          settles: 0,
          apply: () => {
            store.artifacts.insert(artifact);
            this.#activation.event("artifact_saved", run.ordinal, { name: call.name, artifact_id: id });
          },
          committed: resolve,
        });
      }
      // Encoded before it is matched, so that a value that cannot be kept fails the same way each time.
      const artifact = prepare();
      this.#settleAtOnce({ kind: "save", scope: call.scope, name: call.name, argumentsHash: null }, resolve, reject, {
        apply: (ordinal) => {
          store.artifacts.insert(artifact);
          this.#activation.event("artifact_saved", ordinal, { name: call.name, artifact_id: id });
        },
      });
    } catch (error) {
      this.#refuse(error, reject);
    }
  }

  load(
    { scope, executionId, name }: LoadCall,
    inside: RunningCheckpoint | undefined,
    resolve: (value: unknown) => void,
    reject: Reject,
  ): void {
    const { store, ports } = this.#activation.context;
    if (this.#runOf(inside) !== undefined) {
      try {
        return resolve(decodeValue(store.payloads.read(readArtifact(store, executionId, name))));
      } catch (error) {
        return this.#refuse(error, reject);
      }
    }
    const argumentsHash = ports.hashArguments(encodeValue([executionId, name], "load"));
    this.#settleAtOnce({ kind: "load", scope, name, argumentsHash }, resolve, reject, {
      read: () => readArtifact(store, executionId, name),
      apply: (ordinal) => this.#activation.event("artifact_loaded", ordinal, { name, execution_id: executionId }),
    });
  }

  /** That it was read is an event; what was read is nobody's business. */
  secret(
    { name, key, inside }: { name: string; key: string; inside: RunningCheckpoint },
    resolve: (value: string) => void,
    reject: Reject,
  ): void {
    try {
      const run = this.#runOf(inside);
      const value = this.#activation.context.ports.readSecret(name, key, this.#activation.execution.workflow);
      this.#activation.note(() => this.#activation.event("secret_read", run?.ordinal ?? null, { name, key }));
      resolve(value);
    } catch (error) {
      this.#refuse(error, reject);
    }
  }

  /** A flow-scope record that the body awaits: it settles in its place like everything else. */
  #settleAtOnce(
    call: Call,
    resolve: (value: never) => void,
    reject: Reject,
    effect: { read?: () => string; apply(ordinal: number): void },
  ): void {
    this.#activation.entries.enter(call, (taken) => {
      const entry =
        taken ?? this.#activation.entries.create(call, { status: "completed", endedAt: this.#activation.now() });
      this.#activation.ask(entry, () => {
        if (entry.failure === null) return resolve(this.#activation.decode(entry.output) as never);
        const { code, message, hint } = entry.failure;
        const error = new UserError(code as UserError["code"], message, { hint });
        this.#activation.failedEntries.set(error, entry.ordinal);
        reject(error);
      });
      // One that failed before a retry of the execution is on the record without a settlement.
      if (entry.position !== null) return;
      try {
        entry.status = "completed";
        if (effect.read !== undefined) entry.output = effect.read();
      } catch (error) {
        if (isStoreTrouble(error)) return this.#activation.block(error);
        entry.status = "failed";
        entry.failure = failureOf(error, this.#activation.context.store.protection);
      }
      const { journal } = this.#activation.context.store;
      const { seq } = this.#activation.fence;
      this.#activation.push({
        settles: 1,
        apply: (position) => {
          entry.position = position;
          if (taken === undefined) journal.insert(seq, entry);
          else journal.update(seq, entry);
          if (entry.failure === null) effect.apply(entry.ordinal);
        },
        committed: () => this.#activation.entries.settled(entry),
      });
    });
  }

  #refuse(error: unknown, reject: Reject): void {
    if (isStoreTrouble(error)) this.#activation.block(error);
    else reject(error);
  }

  #isRecorded(call: Call): boolean {
    return (
      typeof this.#activation.entries.matcher.match(call, this.#activation.entries.matcher.number(call)) === "object"
    );
  }

  #insert(call: Call, fields: object): void {
    const at = this.#activation.now();
    const entry = this.#activation.entries.create(call, { status: "completed", endedAt: at, ...fields });
    this.#activation.note(() => this.#activation.context.store.journal.insert(this.#activation.fence.seq, entry));
  }

  /** A value of the replay's source becomes this execution's own. */
  #keep(entry: { reuse: string; origin: string | null; ordinal: number }): void {
    const known = this.#activation.entries.get(entry.ordinal);
    if (known === undefined) return;
    known.reuse = "own";
    known.origin = "replayed";
    this.#activation.note(() => this.#activation.context.store.journal.update(this.#activation.fence.seq, known));
  }

  #runOf(inside: RunningCheckpoint | undefined): RunningBody | undefined {
    if (inside === undefined) return undefined;
    for (const run of this.#activation.running) if (run.context === inside) return run;
    throw new MisuseError(`checkpoint ${inside.selector} has ended: await everything it starts`);
  }
}

function plainFields(fields: Record<string, unknown>, where: string): Record<string, unknown> {
  try {
    return JSON.parse(encodeValue(fields, "fields"));
  } catch (error) {
    throw new MisuseError(`${where}: ${(error as Error).message}`);
  }
}
