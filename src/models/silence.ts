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
  #reached: "nobody" | "sent" | "answered" = "nobody";
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

  /** How far the request came. Where the server has it and has not refused it, it costs something however it ends. */
  get reached(): "nobody" | "sent" | "answered" {
    return this.#reached;
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
      this.#reached = "sent";
      const response = await fetch(input, init).catch((error) => {
        // Broken off by us, it may be worked on; a connection that failed has brought it to nobody.
        if (init?.signal?.aborted !== true) this.#reached = "nobody";
        throw error;
      });
      this.heard();
      this.#reached = response.ok ? "answered" : "nobody";
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
