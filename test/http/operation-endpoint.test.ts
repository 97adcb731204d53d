import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { flowFile, type List, reviewFlow } from "../tools/project.ts";
import { json, TestServer } from "./server.ts";

const napFlow = flowFile(`export const nap = flow("nap", async () => { await sleep(1_500); return "rested"; });`);
const review = { target: "review", input: { topic: "otters" } };

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.open({
    files: {
      "flows/review.ts": reviewFlow,
      "flows/nap.ts": napFlow,
      "savepoint.config.json": JSON.stringify({ http: { max_body_bytes: 2_000 } }),
    },
  });
});
afterAll(() => server.close());

describe("an operation", () => {
  test("takes its input as the body and answers its output", async () => {
    const run = await server.post<ExecutionView>("/api/executions/run", review);
    expect(run).toMatchObject({ status: "waiting", workflow: "review" });
    const answered = await server.post("/api/executions/input", {
      execution_id: run.execution_id,
      value: true,
      wait_seconds: 10,
    });
    expect(answered).toMatchObject({ status: "completed", result: "Draft for otters" });
  });

  test("that only reads takes its input as a query too", async () => {
    await server.post("/api/executions/run", { ...review, tags: ["a", "b"] });
    const query = await server.get<List<ExecutionView>>("/api/executions/list?tags=a&tags=b&limit=1");
    const body = await server.post<List<ExecutionView>>("/api/executions/list", { tags: ["a", "b"], limit: 1 });
    expect(query.items).toHaveLength(1);
    expect(query).toEqual(body);
  });

  test("whose name has no group is one word", async () => {
    expect(await server.get("/api/status")).toMatchObject({ version: "0.1.0" });
    // No body at all is no argument at all.
    expect(await (await server.request("/api/status", { method: "POST" })).json()).toMatchObject({ version: "0.1.0" });
  });

  test("with a name of more words has them in its path", async () => {
    const error = await server.error("/api/executions/abort_wait", json({ execution_id: "none" }));
    expect(error).toMatchObject({ status: 404, code: "not_found", message: expect.stringContaining("none") });
  });

  test("explains a query parameter that it cannot use", async () => {
    expect(await server.error("/api/executions/list?limit=many")).toMatchObject({
      status: 400,
      code: "invalid_input",
      message: 'executions_list: limit must be a number; it is "many"',
    });
    expect(await server.error("/api/executions/list?limt=1")).toMatchObject({
      hint: expect.stringContaining('"limit"'),
    });
    expect(await server.error("/api/executions/list?__proto__=1")).toMatchObject({ status: 400 });
  });
});

describe("an error has the status of its code", () => {
  test.each([
    ["not_found", 404, "/api/executions/get", { execution_id: "none" }],
    ["invalid_input", 400, "/api/executions/get", {}],
    ["invalid_input", 400, "/api/executions/get", []],
    ["not_found", 404, "/api/executions/run", { target: "nowhere" }],
  ])("%s: %i", async (code, status, path, args) => {
    expect(await server.error(path, json(args))).toMatchObject({ code, status, hint: expect.any(String) });
  });

  test("invalid_state: 409", async () => {
    const { execution_id: id } = await server.post<ExecutionView>("/api/executions/run", review);
    await server.post("/api/executions/cancel", { execution_id: id });
    const error = await server.error("/api/executions/input", json({ execution_id: id, value: true }));
    expect(error).toMatchObject({ code: "invalid_state", status: 409 });
  });
});

describe("a body is refused", () => {
  const path = "/api/executions/list";

  test.each([
    ["{", "no JSON"],
    ["{'limit': 1}", "no JSON"],
    ["limit=1", "no JSON"],
  ])("that is %j", async (body, what) => {
    const error = await server.error(path, { ...json({}), body });
    expect(error).toMatchObject({ status: 400, code: "invalid_input", message: expect.stringContaining(what) });
  });

  test("that is no UTF-8", async () => {
    const error = await server.error(path, { ...json({}), body: Buffer.from([0x7b, 0xff, 0x7d]) });
    expect(error).toMatchObject({ status: 400, message: "the body is no UTF-8" });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"])(
    "that is declared as %s",
    async (type) => {
      const error = await server.error(path, { ...json({}), headers: { "content-type": type } });
      expect(error).toMatchObject({
        status: 415,
        code: "unsupported",
        hint: expect.stringContaining("application/json"),
      });
    },
  );

  test("that is compressed", async () => {
    const init = json({});
    const error = await server.error(path, { ...init, headers: { ...init.headers, "content-encoding": "gzip" } });
    expect(error).toMatchObject({ status: 415, message: expect.stringContaining("gzip") });
  });

  test("that is too large, whether or not it says so", async () => {
    const long = { limit: 1, cursor: "x".repeat(3_000) };
    expect(await server.error(path, json(long))).toMatchObject({ status: 413, code: "too_large" });
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(500, " ")),
    });
    const endless = await server.error(path, { ...json({}), body, duplex: "half" });
    expect(endless).toMatchObject({ status: 413, hint: expect.stringContaining("http.max_body_bytes") });
  });
});

describe("a call that waits", () => {
  test("ends with its client, and the execution goes on", async () => {
    const leaving = new AbortController();
    const init = json({ target: "nap", wait_seconds: 40 });
    const call = server.request("/api/executions/run", { ...init, signal: leaving.signal });
    const find = async () =>
      (await server.get<List<ExecutionView>>("/api/executions/list?workflow=nap")).items[0]?.execution_id;
    const id = await vi.waitUntil(find, { timeout: 10_000 });
    const from = performance.now();
    leaving.abort();
    await call;
    expect(performance.now() - from).toBeLessThan(1_000);
    const ended = await server.get(`/api/executions/get?execution_id=${id}&wait_seconds=10`);
    expect(ended).toMatchObject({ status: "completed", result: "rested" });
  });

  test("answers with what is known when the server is about to end", async () => {
    const other = await TestServer.open({ files: { "flows/nap.ts": napFlow } });
    setTimeout(() => other.closing.abort(), 500);
    const from = performance.now();
    const run = await other.post("/api/executions/run", { target: "nap", wait_seconds: 40 });
    expect(performance.now() - from).toBeLessThan(1_400);
    expect(run).toMatchObject({ workflow: "nap", result: null });
    await other.close();
  });
});

test("readiness needs a worker", async () => {
  expect(await server.error("/ready")).toMatchObject({
    status: 503,
    code: "unavailable",
    message: "no worker lives",
    details: { missing: ["worker"] },
  });
  const app = await server.project.app();
  const stop = new AbortController();
  const worker = app.runWorker({ kind: "embedded", concurrency: 1, signal: stop.signal, onProblem: () => {} });
  expect(await server.get("/ready")).toEqual({ status: "ready", version: "0.1.0", workers_alive: 1 });
  stop.abort("done");
  await worker;
});
