import type { App } from "../app.ts";

const longestLookMs = 60_000;

/** The executions that one client wants to be told of: when the status changes, or what is asked. */
export class Subscriptions {
  readonly #app: App;
  readonly #closed: AbortSignal;
  readonly #tell: (uri: string) => Promise<void>;
  readonly #open = new Map<string, AbortController>();

  constructor(app: App, closed: AbortSignal, tell: (uri: string) => Promise<void>) {
    this.#app = app;
    this.#closed = closed;
    this.#tell = tell;
  }

  add(uri: string, executionId: string): void {
    if (this.#open.has(uri)) return;
    const ended = new AbortController();
    this.#open.set(uri, ended);
    void this.#follow(uri, executionId, AbortSignal.any([ended.signal, this.#closed]));
  }

  remove(uri: string): void {
    this.#open.get(uri)?.abort();
    this.#open.delete(uri);
  }

  async #follow(uri: string, executionId: string, signal: AbortSignal): Promise<void> {
    let known = this.#stateOf(executionId);
    try {
      while (!signal.aborted) {
        await this.#app.engine.watch(executionId, () => this.#stateOf(executionId) !== known, {
          timeoutMs: longestLookMs,
          signal,
        });
        const state = this.#stateOf(executionId);
        if (signal.aborted || state === known) continue;
        known = state;
        await this.#tell(uri);
      }
    } catch {
      // The client or the database is gone, and with it whoever could be told.
      this.#open.delete(uri);
    }
  }

  #stateOf(executionId: string): string {
    const { seq, status, attempt } = this.#app.findExecution(executionId);
    const asked = this.#app.store.journal.pendingWaits(seq).map(({ ordinal }) => ordinal);
    return `${status} ${attempt} ${asked.join()}`;
  }
}
