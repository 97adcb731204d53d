import { expect, test, vi } from "vitest";
import { eventMessage, eventStream } from "../../src/http/event-stream.ts";

/** A stream, and what is told of it. */
function open(messages: AsyncIterator<string>, keepAliveMs = 60_000) {
  const told = { ended: 0, problems: [] as unknown[] };
  const stream = eventStream(messages, {
    keepAliveMs,
    onEnd: () => {
      told.ended += 1;
    },
    onProblem: (_, cause) => told.problems.push(cause),
  });
  const reader = stream.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  };
  return { told, reader, read };
}

test("a message has its id, its name and its data, one line each", () => {
  expect(eventMessage("saved", { text: "two\nlines" }, 7)).toBe(
    'id: 7\nevent: saved\ndata: {"text":"two\\nlines"}\n\n',
  );
  expect(eventMessage("done", {})).toBe("event: done\ndata: {}\n\n");
});

test("the next message is taken only when the client has room for it", async () => {
  let taken = 0;
  async function* endless() {
    for (;;) yield `${++taken}`;
  }
  const { told, reader, read } = open(endless());
  expect([await read(), await read()]).toEqual(["1", "2"]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(taken).toBe(2);
  await reader.cancel();
  expect(told.ended).toBe(1);
});

test("a message that comes after a sign of life is not lost", async () => {
  const first = Promise.withResolvers<string>();
  async function* one() {
    yield await first.promise;
  }
  const { read, told } = open(one(), 20);
  expect(await read()).toBe(": keep-alive\n\n");
  expect(await read()).toBe(": keep-alive\n\n");
  first.resolve("at last");
  await vi.waitFor(async () => expect(await read()).toBe("at last"));
  expect(await read()).toBeUndefined();
  expect(told.ended).toBe(1);
});

test("messages that break off end the stream, and the log is told why", async () => {
  async function* broken(): AsyncGenerator<string> {
    yield "first";
    throw new Error("the disk is gone");
  }
  const { read, told } = open(broken());
  expect(await read()).toBe("first");
  expect(await read()).toBeUndefined();
  expect(told).toMatchObject({ ended: 1, problems: [{ message: "the disk is gone" }] });
});
