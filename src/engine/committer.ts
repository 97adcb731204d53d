import { AsyncLocalStorage } from "node:async_hooks";
import { isUserError, messageOf } from "../core/errors.ts";
import { sqliteCode } from "../store/database.ts";
import type { Fence } from "../store/execution.ts";
import type { Store } from "../store/store.ts";

/** One write that rides the next batch. */
export interface Write {
  /** How many settlement positions it takes. */
  settles: number;
  /** Runs inside the transaction; `position` is the first one it took. */
  apply(position: number): void;
  /** Runs after the commit: what it did is on the disk. */
  committed(): void;
}

/** A holder of a lease; the writes of one flush check its fence together, in the same transaction. */
export interface FencedWriter {
  readonly fence: Fence;
  /** Called inside the transaction: other processes settled something up to this position since the last batch. */
  behind(upTo: number): void;
  /** Called after the commit of a batch in which the fence held. */
  flushed(state: { lastPosition: number; pauseRequested: boolean }): void;
  /** Called after all its writes of the batch were acknowledged. */
  acknowledged(): void;
  /** The lease is gone: nothing of this writer was written. */
  refused(): void;
  /** The store could not write: nothing of the batch was written. */
  failed(error: StoreError): void;
}

/** The store failed. Flow code never sees it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly reason: string;

  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.reason = reasonOf(cause);
  }
}

interface Queued {
  writer: FencedWriter;
  writes: Write[];
  settles: number;
}

interface Plain {
  work: () => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

/** What one party writes in a batch: it answers what is to be done after the commit. */
interface Part {
  apply(): () => void;
  fail(error: StoreError): void;
}

/**
 * Group commit: what all executions of the process write during one turn of the event loop goes to the disk in one
 * immediate transaction, and is acknowledged only after it.
 */
export class Committer {
  readonly #store: Store;
  #fenced = new Map<FencedWriter, Queued>();
  #plain: Plain[] = [];
  #scheduled = false;
  /** A flush serves all executions, so it must not run in the scope of the one whose write came first. */
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Queues a write under the writer's fence. */
  push(writer: FencedWriter, write: Write): void {
    const queued = this.#fenced.get(writer);
    if (queued === undefined) this.#fenced.set(writer, { writer, writes: [write], settles: write.settles });
    else {
      queued.writes.push(write);
      queued.settles += write.settles;
    }
    this.#schedule();
  }

  /** Runs `work` in the next batch. What it throws concerns its caller alone; it must throw before it writes. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#plain.push({ work, resolve: resolve as (value: never) => void, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#outside(setImmediate, () => this.flush());
  }

  /** Writes what is queued. */
  flush(): void {
    this.#scheduled = false;
    const parts: Part[] = this.#plain.map((plain) => ({
      apply: () => applyPlain(plain),
      // What the store itself can explain to the caller is told as it is.
      fail: (error) => plain.reject(isUserError(error.cause) ? error.cause : error),
    }));
    for (const queued of this.#fenced.values()) {
      parts.push({ apply: () => this.#applyFenced(queued), fail: (error) => queued.writer.failed(error) });
    }
    this.#fenced = new Map();
    this.#plain = [];
    this.#commit(parts);
  }

  /** A batch that one of its parts spoils, where the disk is well, is written again part by part. */
  #commit(parts: Part[]): void {
    let acknowledge: (() => void)[];
    try {
      acknowledge = this.#store.write(() => parts.map((part) => part.apply()));
    } catch (error) {
      if (parts.length > 1 && !isTrouble(error)) {
        for (const part of parts) this.#commit([part]);
        return;
      }
      const failure = new StoreError(error);
      for (const part of parts) part.fail(failure);
      return;
    }
    for (const one of acknowledge) one();
  }

  #applyFenced({ writer, writes, settles }: Queued): () => void {
    const state = this.#store.executions.advance(writer.fence, settles);
    if (state === undefined) return () => writer.refused();
    let position = state.lastPosition - settles;
    writer.behind(position);
    for (const write of writes) {
      write.apply(position + 1);
      position += write.settles;
    }
    return () => {
      writer.flushed(state);
      for (const write of writes) write.committed();
      writer.acknowledged();
    };
  }
}

function applyPlain({ work, resolve, reject }: Plain): () => void {
  try {
    const value = work();
    return () => resolve(value as never);
  } catch (error) {
    // A failing store fails the whole batch; anything else is an answer to this caller.
    if (sqliteCode(error) !== undefined) throw error;
    return () => reject(error);
  }
}

/** Whether the store as a whole cannot write, so that every other write would fail as well. */
function isTrouble(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && !/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(code);
}

function reasonOf(cause: unknown): string {
  const code = sqliteCode(cause) ?? (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  if (code === "SQLITE_FULL" || code === "ENOSPC") return "disk_full: the disk that holds the project is full";
  if (code.startsWith("SQLITE_READONLY") || code === "EROFS" || code === "EACCES") {
    return "read_only: the project's database cannot be written";
  }
  if (code.startsWith("SQLITE_BUSY")) return "database_busy: another process holds the database";
  if (isUserError(cause)) return `${cause.code}: ${cause.message}`;
  return `store_error: ${messageOf(cause)}`;
}
