import { userInfo } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openClient, type SavepointClient, UserError } from "../../src/client/client.ts";
import { clientOn } from "../../src/client/local.ts";
import { reviewFlow, ToolProject } from "../tools/project.ts";

let project: ToolProject;
let client: Omit<SavepointClient, "close">;
beforeAll(async () => {
  project = new ToolProject({ "flows/review.ts": reviewFlow });
  client = clientOn(await project.app(), () => {});
});
afterAll(() => project.close());

test("operations are methods, with the arguments and answers of the tools", async () => {
  const execution = await client.executions.run({ target: "review", input: { topic: "tea" } });
  expect(execution.pending_waits.map(({ name }) => name)).toEqual(["approve"]);
  const { execution_id } = execution;
  const done = await client.executions.input({ execution_id, value: true });
  expect(done).toMatchObject({ status: "completed", result: "Draft for tea" });
  const { seq } = (await project.app()).findExecution(execution_id);
  const [wait] = (await project.app()).store.journal.waits(seq);
  expect(wait?.detail?.["answeredBy"]).toBe(userInfo().username);
  const { items } = await client.artifacts.list({ execution_id });
  expect(items.map(({ name }) => name)).toContain("report");
  expect(await client.status({})).toMatchObject({ executions: { completed: 1 } });
});

test("an error is a UserError with the operation's code, hint and details", async () => {
  const wrong = client.executions.run({ target: "revew" });
  await expect(wrong).rejects.toBeInstanceOf(UserError);
  await expect(wrong).rejects.toMatchObject({ code: "not_found", hint: expect.stringContaining("review") });
  await expect(client.call("executions_runn", {})).rejects.toMatchObject({
    code: "not_found",
    hint: expect.stringContaining('"executions_run"'),
  });
});

test("a signal ends the waiting of a call, and progress is told meanwhile", async () => {
  const { execution_id } = await client.executions.run({ target: "review", input: { topic: "tea" } });
  await client.executions.pause({ execution_id });
  await client.executions.resume({ execution_id });
  const leaving = new AbortController();
  const told: string[] = [];
  const looked = client.executions.get(
    { execution_id, wait_seconds: 45 },
    { signal: leaving.signal, onProgress: ({ message }) => told.push(message) },
  );
  setTimeout(() => leaving.abort(), 30);
  expect((await looked).execution_id).toBe(execution_id);
  expect(told[0]).toMatch(/1 checkpoint completed/);
  expect(await client.executions.cancel({ execution_id })).toMatchObject({ status: "cancelled" });
});

test("following ends with the execution, or when the loop is left", async () => {
  const { execution_id } = await client.executions.run({ target: "review", input: { topic: "tea" } });
  for await (const followed of client.follow(execution_id)) if (followed.kind === "event") break;
  await client.executions.cancel({ execution_id });
  const all = [];
  for await (const followed of client.follow(execution_id)) all.push(followed);
  expect(all.at(-1)).toEqual({ kind: "done", execution_id, status: "cancelled" });
});

test("a project that is not there, and a URL that is none, are errors that say so", async () => {
  await expect(openClient({ project: "/no/such/folder" })).rejects.toMatchObject({ code: "not_found" });
  await expect(openClient({ url: "localhost:7420", token: "x" })).rejects.toMatchObject({ code: "invalid_input" });
});
