import { afterAll, beforeAll, expect, test } from "vitest";
import { flowFile, type List, pages, ToolProject } from "./project.ts";

interface Line {
  at: string;
  level: string;
  source: string;
  checkpoint: string | null;
  message: string;
}

let project: ToolProject;
let id: string;
beforeAll(async () => {
  project = new ToolProject({
    "flows/talk.ts": flowFile(`
const say = checkpoint("say", async (n: number) => n);
export const talk = flow("talk", async () => { await say(1); await say(2); });
`),
  });
  const app = await project.app();
  id = (await project.call("executions_run", { target: "talk" })).execution_id;
  const { seq } = app.findExecution(id);
  const levels = ["debug", "info", "warn", "error"] as const;
  app.store.write(() => {
    for (let n = 0; n < 250; n++) {
      const level = levels[n % 4] ?? "info";
      const ordinal = n < 10 ? 1 : n < 30 ? 2 : null;
      const source = ordinal === null ? "flow" : "checkpoint";
      app.store.logs.append(seq, { at: n, level, source, ordinal, frontier: null, message: `line ${n}` });
    }
  });
});
afterAll(() => project.close());

const logs = (args: Record<string, unknown> = {}) =>
  project.call<List<Line>>("executions_logs", { execution_id: id, ...args });
const messages = ({ items }: List<Line>) => items.map(({ message }) => message);

test("the newest 200 lines come in the order in which they were printed", async () => {
  const found = await logs();
  expect(found.items).toHaveLength(200);
  expect(found.items[0]).toEqual({
    at: "1970-01-01T00:00:00.050Z",
    level: "warn",
    source: "flow",
    checkpoint: null,
    message: "line 50",
  });
  expect(messages(found).at(-1)).toBe("line 249");
  expect(found).toMatchObject({ total: 250, total_is_exact: true });
  const before = await logs({ cursor: found.next_cursor });
  expect([before.items.length, messages(before)[0], before.next_cursor]).toEqual([50, "line 0", null]);
});

test("lines are filtered by level, source and checkpoint", async () => {
  expect(messages(await logs({ level: "error", tail: 2 }))).toEqual(["line 243", "line 247"]);
  expect(messages(await logs({ level: "warn", tail: 2 }))).toEqual(["line 246", "line 247"]);
  expect((await logs({ source: "checkpoint" })).total).toBe(30);
  expect((await logs({ checkpoint: "say#1" })).total).toBe(10);
  expect(await logs({ checkpoint: `${id}:2` })).toMatchObject({
    total: 20,
    items: expect.arrayContaining([expect.objectContaining({ checkpoint: "say#2" })]),
  });
  expect((await logs({ checkpoint: "say" })).total).toBe(30);
  expect(await logs({ source: "engine" })).toMatchObject({ items: [], total: 0 });
});

test("pages hold every line once", async () => {
  const found = await pages<Line>(project, "executions_logs", { execution_id: id, tail: 100 });
  expect(
    found
      .toReversed()
      .flat()
      .map(({ message }) => message),
  ).toEqual(Array.from({ length: 250 }, (_, n) => `line ${n}`));
});

test("long lines are cut unless they are asked for, and a page stays short enough to be read", async () => {
  const app = await project.app();
  const { execution_id: own } = await project.call("executions_run", { target: "talk" });
  const { seq } = app.findExecution(own);
  app.store.write(() => {
    for (let n = 0; n < 60; n++) {
      app.store.logs.append(seq, {
        at: n,
        level: "info",
        source: "flow",
        ordinal: null,
        frontier: null,
        message: "m".repeat(15_000),
      });
    }
  });
  const concise = await logs({ execution_id: own });
  expect(concise.items[0]?.message).toBe(`${"m".repeat(1_000)}… (15000 characters; detail full shows more)`);
  expect(JSON.stringify(concise).length).toBeLessThan(50_000);
  expect(concise.next_cursor).not.toBeNull();
  const all = await pages<Line>(project, "executions_logs", { execution_id: own, detail: "full" });
  expect(all.flat()).toHaveLength(60);
  expect(all.flat().every(({ message }) => message === "m".repeat(15_000))).toBe(true);
});

test("a line is measured in characters, whatever they are made of", async () => {
  const app = await project.app();
  const { execution_id: own } = await project.call("executions_run", { target: "talk" });
  const { seq } = app.findExecution(own);
  const otters = (count: number) => "🦦".repeat(count);
  app.store.write(() => {
    for (const count of [1_000, 1_001]) {
      const line = { level: "info", source: "flow", ordinal: null, frontier: null } as const;
      app.store.logs.append(seq, { at: count, ...line, message: otters(count) });
    }
  });
  expect(messages(await logs({ execution_id: own }))).toEqual([
    otters(1_000),
    `${otters(1_000)}… (1001 characters; detail full shows more)`,
  ]);
});

test("an unknown checkpoint is answered with the nearest one", async () => {
  const error = await project.error("executions_logs", { execution_id: id, checkpoint: "sya#1" });
  expect(error).toMatchObject({
    code: "not_found",
    hint: 'Did you mean "say#1" or "say#2"?',
    details: { selectors: ["say#1", "say#2"] },
  });
});
