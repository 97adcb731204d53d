import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EventView } from "../../src/tools/event-view.ts";
import { followExecution } from "../../src/tools/following.ts";
import { flowFile, type List, pages, ToolProject } from "./project.ts";

let project: ToolProject;
beforeAll(() => {
  project = new ToolProject({
    "flows/steps.ts": flowFile(`
const step = checkpoint("step", async (n: number) => { progress({ stage: "work", current: n, total: 2 }); return n; });
export const steps = flow("steps", async () => {
  await step(1);
  const answer = await wait({ name: "go", question: "On?" });
  await step(2);
  return answer;
});
export const forgiving = flow("forgiving", async () => {
  const answers = await Promise.allSettled([wait({ name: "one" }), wait({ name: "two" })]);
  return answers.map((one) => one.status === "fulfilled" ? one.value : String(one.reason.message));
});
`),
  });
});
afterAll(() => project.close());

const start = (target: string) => project.call("executions_run", { target, wait_seconds: 5 });

describe("executions_pause and executions_resume", () => {
  test("hold an execution and let it go on; answers are taken meanwhile", async () => {
    const { execution_id } = await start("steps");
    const paused = await project.call("executions_pause", { execution_id });
    expect(paused.status).toBe("paused");
    expect(paused.next).toContain(`executions_resume {"execution_id":"${execution_id}"}`);
    const answered = await project.call("executions_input", { execution_id, value: "yes", wait_seconds: 0 });
    expect(answered).toMatchObject({ status: "paused", pending_waits: [] });
    await project.call("executions_resume", { execution_id });
    const done = await project.call("executions_get", { execution_id, wait_seconds: 10 });
    expect(done).toMatchObject({ status: "completed", result: "yes" });
  });

  test("are refused where they make no sense, with the operation that would help", async () => {
    const { execution_id } = await start("steps");
    expect(await project.error("executions_resume", { execution_id })).toMatchObject({ code: "invalid_state" });
    await project.call("executions_pause", { execution_id });
    expect(await project.error("executions_pause", { execution_id })).toMatchObject({
      code: "invalid_state",
      hint: expect.stringContaining("executions_resume"),
    });
    await project.call("executions_cancel", { execution_id });
    expect(await project.error("executions_pause", { execution_id })).toMatchObject({
      code: "invalid_state",
      hint: expect.stringContaining("executions_replay"),
    });
  });
});

describe("executions_abort_wait", () => {
  test("closes a wait without an answer, and the workflow decides what that means", async () => {
    const { execution_id } = await start("forgiving");
    expect(await project.error("executions_abort_wait", { execution_id })).toMatchObject({
      code: "ambiguous",
      details: { candidates: ["one", "two"] },
    });
    await project.call("executions_abort_wait", { execution_id, wait: "one", reason: "nobody knows" });
    const answered = await project.call("executions_input", { execution_id, value: 2, wait_seconds: 10 });
    expect(answered).toMatchObject({ status: "completed", result: ["wait one was aborted: nobody knows", 2] });
  });

  test("of a wait that was answered is a conflict, and of an unknown one names the nearest", async () => {
    const { execution_id } = await start("forgiving");
    expect(await project.error("executions_abort_wait", { execution_id, wait: "onee" })).toMatchObject({
      code: "not_found",
      hint: expect.stringContaining('"one"'),
    });
    await project.call("executions_input", { execution_id, wait: "one", value: 1, wait_seconds: 0 });
    expect(await project.error("executions_abort_wait", { execution_id, wait: "one" })).toMatchObject({
      code: "conflict",
    });
    await project.call("executions_cancel", { execution_id });
  });
});

describe("executions_latest", () => {
  test("shows the newest that fits, in full", async () => {
    const older = await start("steps");
    const newer = await start("forgiving");
    const latest = await project.call("executions_latest", {});
    expect(latest).toMatchObject({ execution_id: newer.execution_id, waits: [], sleeps: [], children: [] });
    expect(await project.call("executions_latest", { workflow: "steps", status: "waiting" })).toMatchObject({
      execution_id: older.execution_id,
      checkpoints: [{ selector: "step", output: 1 }],
    });
    for (const { execution_id } of [older, newer]) await project.call("executions_cancel", { execution_id });
  });

  test("says what it looked for where there is none", async () => {
    expect(await project.error("executions_latest", { workflow: "nothing", stack: "local" })).toMatchObject({
      code: "not_found",
      message: 'there is no execution with workflow "nothing" and stack "local"',
      hint: expect.stringContaining("executions_list"),
    });
  });
});

describe("executions_events", () => {
  test("tells what happened in order, in pages, and from a known event on", async () => {
    const { execution_id } = await start("steps");
    await project.call("executions_input", { execution_id, value: true, wait_seconds: 10 });
    const { items }: List<EventView> = await project.call("executions_events", { execution_id });
    const types = items.map(({ type, name }) => (name === null ? type : `${type} ${name}`));
    expect(types[0]).toBe("execution_created");
    expect(types.at(-1)).toBe("execution_completed");
    expect(types).toEqual(
      expect.arrayContaining(["checkpoint_completed step#1", "wait_opened go", "wait_answered go"]),
    );
    expect(items.find(({ type }) => type === "progress")?.data).toEqual({ stage: "work", current: 1, total: 2 });
    expect((await pages<EventView>(project, "executions_events", { execution_id, limit: 3 })).flat()).toEqual(items);
    const middle = items[4]?.event_id;
    const rest: List<EventView> = await project.call("executions_events", { execution_id, after_id: middle });
    expect(rest.items).toEqual(items.slice(5));
  });

  test("takes either a cursor or a known event", async () => {
    const { execution_id } = await start("steps");
    const { next_cursor }: List<EventView> = await project.call("executions_events", { execution_id, limit: 1 });
    const error = await project.error("executions_events", { execution_id, after_id: 1, cursor: next_cursor });
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("exclude each other") });
    await project.call("executions_cancel", { execution_id });
  });
});

describe("following an execution", () => {
  test("yields each event once, as it happens, and ends with the execution", async () => {
    const { execution_id } = await start("steps");
    const context = { app: await project.app(), signal: new AbortController().signal, onProblem: () => {} };
    const followed = [];
    for await (const one of followExecution(context, execution_id, {})) {
      followed.push(one);
      if (one.kind === "event" && one.event.type === "execution_suspended") {
        await project.call("executions_input", { execution_id, value: true, wait_seconds: 0 });
      }
    }
    expect(followed.at(-1)).toEqual({ kind: "done", execution_id, status: "completed" });
    const { items }: List<EventView> = await project.call("executions_events", { execution_id, limit: 200 });
    const ids = followed.flatMap((one) => (one.kind === "event" ? one.event.event_id : []));
    expect(ids).toEqual(items.map(({ event_id }) => event_id));
  });

  test("ends when nobody listens any more, and the execution goes on", async () => {
    const { execution_id } = await start("steps");
    const leaving = new AbortController();
    const context = { app: await project.app(), signal: leaving.signal, onProblem: () => {} };
    const followed = followExecution(context, execution_id, { afterId: 1_000_000_000 });
    const next = followed.next();
    setTimeout(() => leaving.abort(), 50);
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await project.call("executions_cancel", { execution_id })).toMatchObject({ status: "cancelled" });
  });

  test("of an unknown execution is an error at once", async () => {
    const context = { app: await project.app(), signal: new AbortController().signal, onProblem: () => {} };
    await expect(followExecution(context, "nothing-so-called", {}).next()).rejects.toMatchObject({ code: "not_found" });
  });
});
