import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { JSONRPCRequestSchema, type RequestId } from "@modelcontextprotocol/sdk/types.js";

interface HttpSessionParts {
  principal: string;
  server: Server;
  transport: WebStandardStreamableHTTPServerTransport;
  now: () => number;
}

/** One client's connection, and what goes on in it. */
export class HttpSession {
  readonly principal: string;
  /** Told once, when the session has ended, whoever ended it. */
  onEnd: () => void = () => {};
  /** When it was last in use. */
  usedAt: number;
  readonly #server: Server;
  readonly #transport: WebStandardStreamableHTTPServerTransport;
  readonly #now: () => number;
  readonly #calls = new Set<Promise<unknown>>();
  /** By the ids of calls whose answers have a stream that is open. */
  readonly #left = new Map<RequestId, AbortController>();
  /** Requests being answered, streams that are open, and calls whose client may have gone. */
  #busy = 0;

  constructor({ principal, server, transport, now }: HttpSessionParts) {
    this.principal = principal;
    this.#server = server;
    this.#transport = transport;
    this.#now = now;
    this.usedAt = now();
  }

  async connect(): Promise<void> {
    await this.#server.connect(this.#transport);
  }

  get isInitialized(): boolean {
    return this.#transport.sessionId !== undefined;
  }

  isIdleSince(before: number): boolean {
    return this.#busy === 0 && this.usedAt < before;
  }

  async handle(request: Request, parsedBody: unknown): Promise<Response> {
    const ids = idsIn(parsedBody);
    const release = this.#occupy(() => this.#leave(ids));
    for (const id of ids) this.#left.set(id, new AbortController());
    try {
      const response = await this.#transport.handleRequest(request, { parsedBody });
      if (response.body === null) release();
      return response.body === null ? response : new Response(noticed(response.body, release), response);
    } catch (error) {
      release();
      throw error;
    }
  }

  track(call: Promise<unknown>): void {
    const release = this.#occupy();
    this.#calls.add(call);
    const forget = () => {
      this.#calls.delete(call);
      release();
    };
    call.then(forget, forget);
  }

  /** Fires when the stream is gone that would carry the answer of a call; undefined where it has gone already. */
  leftBy(call: RequestId): AbortSignal | undefined {
    return this.#left.get(call)?.signal;
  }

  /** @param partingMs how long calls in flight may still take to answer */
  async close(partingMs: number): Promise<void> {
    if (this.#calls.size > 0 && partingMs > 0) await settled(this.#calls, partingMs);
    await this.#server.close();
  }

  #leave(ids: readonly RequestId[]): void {
    for (const id of ids) {
      this.#left.get(id)?.abort();
      this.#left.delete(id);
    }
  }

  #occupy(onRelease: () => void = () => {}): () => void {
    this.#busy += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#busy -= 1;
      this.usedAt = this.#now();
      onRelease();
    };
  }
}

/** The ids of the requests in a body. */
function idsIn(body: unknown): RequestId[] {
  const messages: unknown[] = Array.isArray(body) ? body : [body];
  return messages.flatMap((message) => {
    const request = JSONRPCRequestSchema.safeParse(message);
    return request.success ? [request.data.id] : [];
  });
}

/** The same stream, whose end is noticed, by whichever side. */
function noticed(body: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await reader.read().catch((error: unknown) => {
          onEnd();
          throw error;
        });
        if (!next.done) return controller.enqueue(next.value);
        onEnd();
        controller.close();
      },
      cancel(reason) {
        onEnd();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function settled(calls: Set<Promise<unknown>>, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    void Promise.allSettled(calls).then(() => {
      clearTimeout(timer);
      // The answers are written a few turns after the calls have ended.
      setImmediate(resolve);
    });
  });
}
