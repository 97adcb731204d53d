import type { Connection } from "../../store/database.ts";
import type { Store } from "../../store/store.ts";
import { listenAtDoor, ringDoorbell } from "./doorbell.ts";

/** How often the database is asked whether another process has written. */
const pollMs = { busy: 12, waiting: 40, idle: 250 } as const;
export type Pace = keyof typeof pollMs;

/** Gets the executions that changed; undefined: any may have. */
type Listener = (changed: ReadonlySet<string> | undefined) => void;

/**
 * Tells when something may have changed: at once for writes of this process, by polling for those of others. A poll
 * is one pragma on a connection of its own and costs microseconds; no process ever talks to another.
 */
export class Changes {
  readonly #connection: Connection;
  readonly #folder: string;
  readonly #listeners = new Set<Listener>();
  readonly #paces = new Map<object, Pace>();
  #version: unknown;
  #timer: NodeJS.Timeout | undefined;
  #pollingAt: Pace | undefined;
  /** What `local` is about to tell. */
  #changed: Set<string> | undefined = new Set();
  #scheduled = false;

  constructor(store: Store) {
    this.#connection = store.reader();
    this.#folder = store.folder;
    this.#version = this.#read();
  }

  /** This process has written: to one execution, or to whichever it may be. */
  local(executionId?: string): void {
    if (executionId === undefined) this.#changed = undefined;
    else this.#changed?.add(executionId);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      const changed = this.#changed;
      this.#changed = new Set();
      this.#scheduled = false;
      this.#tell(changed);
    });
  }

  /** Tells other processes to look now instead of at their next poll. */
  ring(): void {
    ringDoorbell(this.#folder);
  }

  /** Looks at once when another process rings; answers what ends that. */
  listen(): () => void {
    return listenAtDoor(this.#folder, () => {
      clearTimeout(this.#timer);
      this.#poll();
    });
  }

  /** Calls back after every change, no rarer than `pace` allows; answers what ends it. */
  subscribe(listener: Listener, pace: Pace): { pace(next: Pace): void; end(): void } {
    const owner = {};
    this.#listeners.add(listener);
    this.#setPace(owner, pace);
    return {
      pace: (next) => this.#setPace(owner, next),
      end: () => {
        this.#listeners.delete(listener);
        this.#paces.delete(owner);
        this.#arm();
      },
    };
  }

  /** Resolves when the execution may have changed, when the time is over or when the signal fires. */
  next(executionId: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        subscription.end();
        resolve();
      };
      const subscription = this.subscribe((changed) => {
        if (changed === undefined || changed.has(executionId)) finish();
      }, "busy");
      const timer = setTimeout(finish, Math.min(timeoutMs, 2 ** 31 - 1));
      signal?.addEventListener("abort", finish, { once: true });
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#listeners.clear();
    this.#paces.clear();
  }

  #setPace(owner: object, pace: Pace): void {
    this.#paces.set(owner, pace);
    this.#arm();
  }

  #arm(): void {
    const pace = fastest(this.#paces.values());
    if (pace === this.#pollingAt && this.#timer !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pollingAt = pace;
    if (pace !== undefined) this.#timer = setTimeout(() => this.#poll(), pollMs[pace]);
  }

  #poll(): void {
    this.#timer = undefined;
    try {
      const version = this.#read();
      const changed = version !== this.#version;
      this.#version = version;
      if (changed) this.#tell(undefined);
    } finally {
      // Whatever a listener or the disk says, this is how a process learns of the others.
      this.#arm();
    }
  }

  #tell(changed: ReadonlySet<string> | undefined): void {
    for (const listener of [...this.#listeners]) listener(changed);
  }

  #read(): unknown {
    return this.#connection.pragma("data_version", { simple: true });
  }
}

function fastest(paces: Iterable<Pace>): Pace | undefined {
  let best: Pace | undefined;
  for (const pace of paces) if (best === undefined || pollMs[pace] < pollMs[best]) best = pace;
  return best;
}
