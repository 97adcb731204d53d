import type { Clock } from "../core/clock.ts";

export interface SilenceOptions {
  clock: Clock;
  /** So long may nothing arrive. */
  limitMs: number;
  heartbeatMs: number;
  /** Called again and again while nothing arrives. */
  onHeartbeat(): void;
  /** What the signal is aborted with when the silence has lasted too long. */
  reason(): Error;
}

/** Watches over one request: how long nothing has arrived, in bytes, whatever they mean. */
export class Silence {
  readonly #options: SilenceOptions;
  readonly #controller = new AbortController();
  #isAnswered = false;
  #heardAt: number;
  #toldAt: number;
  #disarm: () => void = () => {};

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#heardAt = options.clock.now();
    this.#toldAt = this.#heardAt;
    this.#arm();
  }

  /** Aborted when the silence has lasted too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the server took the request: it may cost something then, however it ends. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  heard(): void {
    this.#heardAt = this.#options.clock.now();
  }

  end(): void {
    this.#disarm();
  }

  /** A `fetch` whose answers are listened to. */
  listen(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return async (input, init) => {
      const response = await fetch(input, init);
      this.heard();
      this.#isAnswered = response.ok;
      if (response.body === null) return response;
      const listening = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          this.heard();
          controller.enqueue(chunk);
        },
      });
      return new Response(response.body.pipeThrough(listening), response);
    };
  }

  /** One timer for both: it is set anew when it fires, so that hearing costs nothing. */
  #arm(): void {
    const { clock, limitMs, heartbeatMs } = this.#options;
    const quietAt = this.#heardAt + limitMs;
    const nextAt = Math.min(quietAt, Math.max(this.#heardAt, this.#toldAt) + heartbeatMs);
    this.#disarm = clock.at(nextAt, () => this.#look());
  }

  #look(): void {
    const { clock, limitMs, heartbeatMs, onHeartbeat, reason } = this.#options;
    const now = clock.now();
    if (now - this.#heardAt >= limitMs) return this.#controller.abort(reason());
    if (now - Math.max(this.#heardAt, this.#toldAt) >= heartbeatMs) {
      this.#toldAt = now;
      onHeartbeat();
    }
    this.#arm();
  }
}
