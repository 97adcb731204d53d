import type { Connection } from "./connection.ts";
import { unlessAborted } from "./unless-aborted.ts";

interface SlotOptions {
  /** Gives up when the signal fires. */
  open(signal: AbortSignal): Promise<Connection>;
  /** How long a connection that nobody uses is kept. */
  idleMs: number;
}

/** The one connection of this process to a server: opened by the first call, shared by all, opened anew after its end. */
export class Slot {
  readonly #options: SlotOptions;
  #connection: Promise<Connection> | undefined;
  #stop = new AbortController();
  #users = 0;
  #isRetired = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** @throws what opening and the work throw, and the signal's reason */
  async use<T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> {
    clearTimeout(this.#idle);
    this.#users++;
    try {
      return await work(await unlessAborted(this.#opened(), signal));
    } finally {
      this.#users--;
      if (this.#users === 0) this.#rest();
    }
  }

  /** No new call comes; it closes when the last one has ended. */
  retire(): void {
    this.#isRetired = true;
    if (this.#users === 0) void this.close();
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    this.#stop.abort();
    const closing = this.#connection;
    // Who calls while it closes opens another one.
    this.#connection = undefined;
    const connection = await closing?.catch(() => undefined);
    await connection?.close();
  }

  #opened(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    this.#stop = new AbortController();
    const opening = this.#options.open(this.#stop.signal);
    const forget = () => {
      if (this.#connection === opening) this.#connection = undefined;
    };
    opening.then(({ ended }) => ended.then(forget), forget);
    this.#connection = opening;
    return opening;
  }

  #rest(): void {
    if (this.#isRetired) return void this.close();
    this.#idle = setTimeout(() => void this.close(), this.#options.idleMs).unref();
  }
}
