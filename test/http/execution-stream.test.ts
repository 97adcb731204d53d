import { type EventSourceMessage, EventSourceParserStream } from "eventsource-parser/stream";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { reviewFlow } from "../tools/project.ts";
import { TestServer } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.open({
    files: {
      "flows/review.ts": reviewFlow,
      "savepoint.config.json": JSON.stringify({ http: { max_streams: 2 } }),
    },
    keepAliveMs: 50,
  });
});
afterAll(() => server.close());

const run = () =>
  server.post<ExecutionView>("/api/executions/run", { target: "review", input: { topic: "otters" }, wait_seconds: 10 });

const answer = (id: string) =>
  server.post("/api/executions/input", { execution_id: id, value: true, wait_seconds: 10 });

async function open(id: string, headers: Record<string, string> = {}) {
  const response = await server.request(`/api/executions/${id}/stream`, { headers });
  if (response.body === null) throw new Error("no body");
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  return { response, reader: messages.getReader() };
}

async function rest(reader: ReadableStreamDefaultReader<EventSourceMessage>): Promise<EventSourceMessage[]> {
  const messages: EventSourceMessage[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) messages.push(next.value);
  return messages;
}

describe("the stream of an execution", () => {
  test("tells what has happened and what happens, then that it is done, and ends", async () => {
    const { execution_id: id } = await run();
    const { response, reader } = await open(id.slice(0, 20));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const first = (await reader.read()).value;
    expect(first).toMatchObject({ event: "execution_created", id: expect.stringMatching(/^\d+$/) });
    await answer(id);
    const messages = await rest(reader);
    const types = messages.map(({ event }) => event);
    expect(types).toEqual(expect.arrayContaining(["checkpoint_completed", "wait_opened", "wait_answered"]));
    expect(types.slice(-2)).toEqual(["execution_completed", "done"]);
    expect(messages.at(-1)).toMatchObject({
      id: undefined,
      data: JSON.stringify({ execution_id: id, status: "completed" }),
    });
    const { items } = await server.get<{ items: { event_id: number }[] }>(`/api/executions/events?execution_id=${id}`);
    const all = [first, ...messages.slice(0, -1)].map((message) => JSON.parse(message?.data ?? ""));
    expect(all).toEqual(items);
    expect(all.map(({ event_id: eventId }) => String(eventId))).toEqual(
      [first, ...messages.slice(0, -1)].map((one) => one?.id),
    );
  });

  test("goes on after the event that a header or a parameter names, and the header is the newer", async () => {
    const { execution_id: id } = await run();
    await answer(id);
    const path = `/api/executions/${id}/stream`;
    const ids = (await (await server.request(path)).text()).match(/^id: \d+$/gm) ?? [];
    const [first = "", , third = ""] = ids.map((line) => line.slice(4));
    for (const [query, headers] of [
      ["", { "last-event-id": third }],
      [`?after_id=${third}`, {}],
      [`?after_id=${first}`, { "last-event-id": third }],
    ] as const) {
      const text = await (await server.request(`${path}${query}`, { headers })).text();
      expect(text.match(/^id: \d+$/gm)).toEqual(ids.slice(3));
    }
  });

  test.each(["-1", "x", "1.5", "99999999999999999999"])("refuses %j as the id of an event", async (id) => {
    const error = await server.error("/api/executions/any/stream", { headers: { "last-event-id": id } });
    expect(error).toMatchObject({ status: 400, code: "invalid_input", message: "Last-Event-ID is no id of an event" });
    expect(await server.error(`/api/executions/any/stream?after_id=${id}`)).toMatchObject({ status: 400 });
  });

  test("of an unknown execution is an error, not a stream", async () => {
    expect(await server.error("/api/executions/none/stream")).toMatchObject({ status: 404, code: "not_found" });
  });

  test("shows that it lives while nothing happens", async () => {
    const { execution_id: id } = await run();
    const response = await server.request(`/api/executions/${id}/stream`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes(": keep-alive\n\n: keep-alive\n\n")) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
  });

  test("counts as long as its client stays", async () => {
    const { execution_id: id } = await run();
    const [one, two] = [await open(id), await open(id)];
    const refused = await server.request(`/api/executions/${id}/stream`);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(await refused.json()).toMatchObject({
      error: { code: "unavailable", hint: expect.stringContaining("http.max_streams") },
    });
    await one.reader.cancel();
    const three = await vi.waitUntil(async () => {
      const next = await open(id);
      return next.response.status === 200 && next;
    });
    await answer(id);
    await Promise.all([rest(two.reader), rest(three.reader)]);
    const again = [await open(id), await open(id)];
    expect(again.map(({ response }) => response.status)).toEqual([200, 200]);
    await Promise.all(again.map(({ reader }) => rest(reader)));
  });

  test("ends without the last word when the server does", async () => {
    const other = await TestServer.open({ files: { "flows/review.ts": reviewFlow } });
    const { execution_id: id } = await other.post<ExecutionView>("/api/executions/run", {
      target: "review",
      input: { topic: "x" },
      wait_seconds: 10,
    });
    const response = await other.request(`/api/executions/${id}/stream`);
    setTimeout(() => other.closing.abort(), 100);
    const text = await response.text();
    expect(text).toContain("event: wait_opened");
    expect(text).not.toContain("event: done");
    await other.close();
  });
});
