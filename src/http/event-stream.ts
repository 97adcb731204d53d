export interface EventStreamOptions {
  keepAliveMs: number;
  /** Told once, when the stream has ended, whoever ended it. */
  onEnd(): void;
  onProblem(message: string, cause: unknown): void;
}

const encoder = new TextEncoder();
const keepAlive = encoder.encode(": keep-alive\n\n");

/** One message of a stream of server-sent events. */
export function eventMessage(event: string, data: object, id?: number): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A stream that takes the next message only when the client has room for it. */
export function eventStream(
  messages: AsyncIterator<string>,
  { keepAliveMs, onEnd, onProblem }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  let pending: Promise<IteratorResult<string>> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pending ??= messages.next();
        try {
          const next = await within(pending, keepAliveMs);
          if (next === undefined) return controller.enqueue(keepAlive);
          pending = undefined;
          if (next.done !== true) return controller.enqueue(encoder.encode(next.value));
        } catch (error) {
          // The client sees a stream that has no end, and comes back for the rest.
          onProblem("a stream broke off", error);
        }
        onEnd();
        controller.close();
      },
      cancel: onEnd,
    },
    { highWaterMark: 0 },
  );
}

/** Undefined when the time is over first. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
