/** A longer message is none of a server that is well. */
const longestMessage = 64 * 1024 * 1024;
const lineEnd = 10;

interface WatchOptions {
  /** Whether it holds many messages, a line each. */
  hasLines: boolean;
  /** Called however it ends. */
  onEnd(): void;
}

/** A body as it comes, that is cut off where a message grows without end. */
export function watchedBody(
  body: ReadableStream<Uint8Array>,
  { hasLines, onEnd }: WatchOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let length = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          onEnd();
          return;
        }
        const last = hasLines ? value.lastIndexOf(lineEnd) : -1;
        length = last < 0 ? length + value.length : value.length - last - 1;
        if (length > longestMessage) {
          throw new Error(`a message of more than ${longestMessage / 1024 / 1024} MiB came`);
        }
        controller.enqueue(value);
      } catch (error) {
        controller.error(error);
        onEnd();
        void reader.cancel(error).catch(() => {});
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
