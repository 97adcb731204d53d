import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text as read } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/core/errors.ts";
import type { EnginePorts } from "../../src/engine/ports.ts";
import { createClock } from "../../src/testing/clock.ts";
import { flowOf } from "../helpers/definitions.ts";
import { type TestEngine, useEngines } from "../helpers/engine.ts";

interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  message: { type: string; timestamp: string; data: Record<string, unknown> };
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
}

const engines = useEngines();
let webhook: Server;
let url: string;
let received: Received[];
/** What the webhook answers, in this order; then 200. */
let replies: Reply[];

beforeEach(async () => {
  received = [];
  replies = [];
  webhook = createServer((request, response) => {
    void read(request).then((body) => {
      received.push({ headers: request.headers, body, message: JSON.parse(body || "{}") });
      const { status, headers = {} } = replies.shift() ?? { status: 200 };
      response.writeHead(status, headers).end("ok");
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/hook?room=1`;
});
afterEach(() => {
  webhook.closeAllConnections();
  return new Promise((resolve) => webhook.close(resolve));
});

const text = (more = "") => `
inputs: { url: "" }
steps:
  - id: approve
    type: human
    question: Publish it?
    options: [{ id: yes, label: Publish }, { id: no, next_step: approve }]
    notify: "{{ inputs.url }}"
    timeout: 2d
${more}
outputs: "{{ steps.approve.output.option }}"
`;

function open({ more = "", key, link }: { more?: string; key?: string; link?: boolean } = {}) {
  const answerLink = (id: string, wait: string) =>
    link === true ? `http://127.0.0.1:7420/answer/${id}/${wait}` : undefined;
  const flow = flowOf(text(more), { path: "asks.yaml", ports: { answerLink } });
  const readSecret: EnginePorts["readSecret"] = (name, wanted) => {
    if (key !== undefined && name === "webhooks" && wanted === "SIGNING_KEY") return key;
    throw new UserError("not_found", `there is no secret ${name}`);
  };
  const clock = createClock();
  const engine = engines.open([flow], { clock, ports: { readSecret } });
  engine.work();
  return { engine, clock, start: (input: object = { url }) => engine.start(flow, input) };
}

const metadataOf = (engine: TestEngine, id: string) => engine.entry(id, "approve.notify").metadata;

/** Moves the clock until the question is asked. */
async function asked(engine: TestEngine, id: string, clock: ReturnType<typeof createClock>) {
  await expect
    .poll(
      () => {
        clock.move(100);
        return engine.entries(id).some(({ name }) => name === "approve");
      },
      { timeout: 10_000, interval: 5 },
    )
    .toBe(true);
}

describe("the webhook of a human step", () => {
  test("is told of the question before it is asked", async () => {
    const { engine, clock, start } = open({ link: true });
    const { id } = await start();
    await engine.waiting(id);
    expect(received).toHaveLength(1);
    const [first] = received;
    const at = clock.now();
    expect(first?.message).toEqual({
      type: "wait.opened",
      text: expect.stringMatching(/^asks asks: Publish it\?\n/),
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        execution_id: id,
        workflow: "asks",
        step: "approve",
        wait: "approve",
        question: "Publish it?",
        options: [
          { id: "yes", label: "Publish" },
          { id: "no", label: "no" },
        ],
        schema: null,
        expires_at: expect.stringMatching(/^\d{4}-.*Z$/),
        link: `http://127.0.0.1:7420/answer/${id}/approve`,
        answer_command: `savepoint answer ${id} --name approve`,
      },
    });
    expect(at).toBeGreaterThan(0);
    expect(first?.headers["content-type"]).toBe("application/json");
    const notified = engine.entry(id, "approve.notify");
    expect(notified).toMatchObject({ kind: "checkpoint", type: "notification", status: "completed" });
    expect(notified.ordinal).toBeLessThan(engine.entry(id, "approve").ordinal);
  });

  test.each([
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64")],
    ["a key of ours", Buffer.from("a key of ours")],
  ])("can verify it with the key %s", async (key, bytes) => {
    const { engine, start } = open({ key });
    const { id } = await start();
    await engine.waiting(id);
    const { headers = {}, body = "" }: Partial<Received> = received[0] ?? {};
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const expected = createHmac("sha256", bytes).update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
    expect(headers["webhook-id"]).toBe(`${id}::approve.notify:1`);
    expect(Number(headers["webhook-timestamp"])).toBeGreaterThan(1_700_000_000);
    expect(metadataOf(engine, id)).toEqual({ signed: true });
  });

  test("is told without a signature where the project has no key, and the record says so", async () => {
    const { engine, start } = open();
    const { id } = await start();
    await engine.waiting(id);
    expect(received[0]?.headers).not.toHaveProperty("webhook-signature");
    expect(received[0]?.message.data["link"]).toBeNull();
    expect(metadataOf(engine, id)).toEqual({ signed: false });
  });

  test("is told again where it had no time, under the same id, until it has", async () => {
    replies = [{ status: 503 }, { status: 429, headers: { "retry-after": "20" } }, { status: 408 }];
    const { engine, clock, start } = open();
    const began = clock.now();
    const { id } = await start();
    await asked(engine, id, clock);
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(clock.now() - began).toBeGreaterThan(20_000);
    expect(engine.logs(id).filter((line) => line.includes("was not sent"))).toHaveLength(3);
  });

  test("that never answers well keeps nobody from being asked", async () => {
    replies = Array.from({ length: 10 }, () => ({ status: 500 }));
    const { engine, clock, start } = open();
    const { id } = await start();
    await asked(engine, id, clock);
    expect(received).toHaveLength(6);
    expect(engine.entry(id, "approve.notify").status).toBe("failed");
    expect(engine.get(id).metadata).toEqual({
      "approve.notify": expect.stringMatching(/^nobody was told of the question: 127\.0\.0\.1:\d+ answered 500$/),
    });
    await engine.engine.answer(id, { value: "yes" });
    expect(await engine.result(id)).toBe("yes");
  });

  test.each([
    [{ status: 404 }, "answered 404"],
    [{ status: 302, headers: { location: "/elsewhere" } }, "redirects are not followed"],
  ])("that answers %j is not told again", async (reply, reason) => {
    replies = [reply];
    const { engine, clock, start } = open();
    const { id } = await start();
    await asked(engine, id, clock);
    expect(received).toHaveLength(1);
    expect(JSON.stringify(engine.get(id).metadata)).toContain(reason);
  });

  test("must have an address of the web, and one that cannot be reached is named by its host alone", async () => {
    const { engine, clock, start } = open();
    const { id } = await start({ url: "file:///etc/passwd" });
    await asked(engine, id, clock);
    expect(JSON.stringify(engine.get(id).metadata)).toContain("begins with https:// or http://");
    const { id: named } = await start({ url: url.replace("//", "//me:a-password@") });
    await asked(engine, named, clock);
    expect(JSON.stringify(engine.get(named).metadata)).toContain("holds no name and no password");
    expect(JSON.stringify([engine.get(named).metadata, engine.logs(named)])).not.toContain("a-password");
    const { id: other } = await start({ url: "http://127.0.0.1:1/a-secret-path" });
    await asked(engine, other, clock);
    expect(JSON.stringify(engine.get(other).metadata)).toContain("127.0.0.1:1 could not be reached");
    expect(JSON.stringify([engine.get(other).metadata, engine.logs(other)])).not.toContain("a-secret-path");
  });

  test("is told of each visit to the step, and of no visit twice", async () => {
    const { engine, start } = open();
    const { id } = await start();
    await engine.waiting(id);
    await engine.engine.answer(id, { value: "no" });
    await expect.poll(() => received.length).toBe(2);
    await expect.poll(() => engine.entries(id).filter(({ name }) => name === "approve").length).toBe(2);
    expect(received.map(({ message }) => message.data["wait"])).toEqual(["approve", "approve#2"]);
    await engine.engine.answer(id, { wait: "approve#2", value: "yes" });
    expect(await engine.result(id)).toBe("yes");
    await engine.result(id);
    expect(received).toHaveLength(2);
  });

  test("is not told again by a retry of a wait that nobody answered in time", async () => {
    const { engine, clock, start } = open();
    const { id } = await start();
    await engine.waiting(id);
    clock.move(3 * 86_400_000);
    await engine.ended(id);
    await engine.engine.retry(id);
    await engine.asked(id, "approve");
    expect(received).toHaveLength(1);
  });
});
