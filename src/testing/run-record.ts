import type { Failure } from "../core/statuses.ts";
import { noUsage, type Usage } from "../core/usage.ts";
import { decodeValue } from "../core/values.ts";
import { wholeExecution } from "../store/budgets.ts";
import type { Execution } from "../store/execution.ts";
import type { JournalEntry } from "../store/journal.ts";
import { selectorsOf } from "../store/selectors.ts";
import type { EngineProcess } from "./engine-process.ts";

export interface TestCheckpoint {
  name: string;
  /** Its name, or with its number or place where there are several: "fetch#2", "fetch[3]". */
  selector: string;
  type: string | null;
  status: string;
  /** Where the output of a completed one comes from. */
  origin: "executed" | "cached" | "replayed" | "overridden" | null;
  /** Counts from 1. */
  attempt: number;
  output: unknown;
  failure: Failure | null;
  usage: Usage;
  startedAt: Date;
  endedAt: Date | null;
}

export interface TestWait {
  name: string;
  question: string | null;
  schema: Record<string, unknown> | null;
  deadline: Date | null;
}

export interface TestEvent {
  type: string;
  at: Date;
  /** Selector of the checkpoint, wait or sleep that it is about. */
  about: string | null;
  data: Record<string, unknown>;
}

export interface TestLog {
  level: string;
  message: string;
  at: Date;
  /** The checkpoint that printed it; null: the flow's body did. */
  checkpoint: string | null;
}

export interface TestArtifact {
  name: string;
  kind: string;
  value: unknown;
  tags: string[];
  checkpoint: string | null;
}

/** What an execution has recorded so far, as tests read it. */
export class RunRecord {
  readonly #process: EngineProcess;
  readonly #execution: Execution;

  constructor(process: EngineProcess, execution: Execution) {
    this.#process = process;
    this.#execution = execution;
  }

  get result(): unknown {
    const { status } = this.#execution;
    return status === "completed" ? this.#decoded(this.#execution.result) : undefined;
  }

  checkpoints(): TestCheckpoint[] {
    const entries = this.#entries();
    const selectors = selectorsOf(entries);
    return entries
      .filter(({ kind }) => kind === "checkpoint")
      .map((entry) => ({
        name: entry.name,
        selector: selectors.get(entry.ordinal) ?? entry.name,
        type: entry.type,
        status: entry.status,
        origin: entry.origin,
        attempt: entry.attempt,
        output: this.#decoded(entry.output),
        failure: entry.failure,
        usage: this.#usageAt(entry.ordinal),
        startedAt: new Date(entry.startedAt),
        endedAt: entry.endedAt === null ? null : new Date(entry.endedAt),
      }));
  }

  pendingWaits(): TestWait[] {
    const pending = this.#process.store.journal.pendingWaits(this.#execution.seq);
    const selectors = selectorsOf(this.#entries());
    return pending.map(({ ordinal, name, detail, dueAt }) => ({
      name: selectors.get(ordinal) ?? name,
      question: (detail?.["question"] as string | null | undefined) ?? null,
      schema: (detail?.["schema"] as Record<string, unknown> | null | undefined) ?? null,
      deadline: dueAt === null ? null : new Date(dueAt),
    }));
  }

  async events(): Promise<TestEvent[]> {
    const { items } = await this.#process.listings.events({ executionSeq: this.#execution.seq, limit: mostLines });
    const names = selectorsOf(this.#entries());
    return items.map(({ type, at, ordinal, data }) => ({
      type,
      at: new Date(at),
      about: ordinal === null ? null : (names.get(ordinal) ?? null),
      data: data ?? {},
    }));
  }

  async logs(): Promise<TestLog[]> {
    const { seq: executionSeq } = this.#execution;
    const filter = { executionSeq, longestMessage: 1_000_000, limit: mostLines };
    const { items } = await this.#process.listings.logs(filter);
    const names = selectorsOf(this.#entries());
    return items.toReversed().map(({ level, message, at, ordinal }) => ({
      level,
      message,
      at: new Date(at),
      checkpoint: ordinal === null ? null : (names.get(ordinal) ?? null),
    }));
  }

  artifacts(): TestArtifact[] {
    const { artifacts } = this.#process.store;
    const names = selectorsOf(this.#entries());
    return artifacts.list(this.#execution.seq).map(({ id, name, kind, tags, ordinal }) => ({
      name,
      kind,
      value: this.#decoded(artifacts.find(id)?.value ?? null),
      tags,
      checkpoint: ordinal === null ? null : (names.get(ordinal) ?? null),
    }));
  }

  /** Of the execution and of all below it. */
  usage(): Usage {
    return this.#usageAt(wholeExecution);
  }

  /** Where a price is not known, the cost is not either. */
  #usageAt(ordinal: number): Usage {
    const row = this.#process.store.budgets.find({ seq: this.#execution.seq, ordinal });
    if (row === undefined) return noUsage;
    return row.unpriced > 0 ? { ...row.used, costUsd: null } : row.used;
  }

  #entries(): JournalEntry[] {
    return this.#process.store.journal.load(this.#execution.seq).filter(({ reuse }) => reuse !== "candidate");
  }

  #decoded(column: string | null): unknown {
    return column === null ? undefined : decodeValue(this.#process.store.payloads.read(column));
  }
}

const mostLines = 100_000;
