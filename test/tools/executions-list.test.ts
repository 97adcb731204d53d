import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClock } from "../../src/testing/clock.ts";
import { flowFile, type List, pages, ToolProject } from "./project.ts";

interface Item {
  execution_id: string;
  workflow: string;
  status: string;
  tags: string[];
  pending_waits: number;
}

const day = 86_400_000;

let project: ToolProject;
const ids: string[] = [];
beforeAll(async () => {
  project = new ToolProject({
    "flows/all.ts": flowFile(`
export const good = flow("good", async () => "fine");
export const bad = flow("bad", async () => { throw new Error("bad luck ".repeat(100)); });
export const asks = flow("asks", async () => Promise.all([wait({ name: "a" }), wait({ name: "b" })]));
`),
  });
  const clock = createClock();
  project.use(await project.open({ clock, worker: true }));
  for (const [target, tags] of [
    ["good", ["x"]],
    ["bad", ["x", "y"]],
    ["asks", []],
    ["good", ["y"]],
    ["good", []],
  ] as const) {
    ids.push((await project.call("executions_run", { target, tags })).execution_id);
    clock.move(day);
  }
});
afterAll(() => project.close());

const list = (args: Record<string, unknown> = {}) => project.call<List<Item>>("executions_list", args);
const places = ({ items }: List<Item>) => items.map((item) => ids.indexOf(item.execution_id));

describe("executions_list with search", () => {
  test("finds words of the workflow, its tags and its failure, together with other filters", async () => {
    expect(places(await list({ search: "asks" }))).toEqual([2]);
    expect(places(await list({ search: "GOOD y" }))).toEqual([3]);
    expect(places(await list({ search: "luck" }))).toEqual([1]);
    expect(places(await list({ search: "good", limit: 2 }))).toEqual([4, 3]);
    expect(places(await list({ search: "all", status: "failed" }))).toEqual([1]);
    expect(await list({ search: "nowhere" })).toMatchObject({ items: [], total: 0, total_is_exact: true });
  });

  test("finds beginnings where no whole word fits, in pages as well", async () => {
    expect(places(await list({ search: "goo" }))).toEqual([4, 3, 0]);
    expect(places(await list({ search: String(ids[1]).slice(0, 13) }))).toContain(1);
    const found = await pages<Item>(project, "executions_list", { search: "goo", limit: 1 });
    expect(found.flat().map((item) => ids.indexOf(item.execution_id))).toEqual([4, 3, 0]);
  });

  test.each(['"', "NEAR(", "a* OR b*", "col:x", "-good"])("takes %j as words and never as a query", async (search) => {
    const outcome = await project.outcome("executions_list", { search });
    if (outcome.ok) expect(outcome.value).toMatchObject({ total_is_exact: true });
    else expect(outcome.error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("search") });
  });
});

describe("executions_list", () => {
  test("lists newest first, with what a choice needs", async () => {
    const found = await list();
    expect(places(found)).toEqual([4, 3, 2, 1, 0]);
    expect(found).toMatchObject({ total: 5, total_is_exact: true, next_cursor: null });
    expect(found.items[2]).toEqual({
      execution_id: ids[2],
      workflow: "asks",
      status: "waiting",
      created_at: "2030-01-03T00:00:00.000Z",
      started_at: "2030-01-03T00:00:00.000Z",
      ended_at: null,
      trigger: "api",
      stack: "local",
      tags: [],
      attempt: 1,
      parent_execution_id: null,
      replayed_from: null,
      pending_waits: 2,
      failure: null,
      blocked_reason: null,
      overdue_since: null,
    });
    expect(found.items[3]).toMatchObject({
      status: "failed",
      failure: { code: "user_error", message: "bad luck ".repeat(100).slice(0, 300) },
    });
    expect(JSON.stringify(found)).not.toContain("fine");
  });

  test.each([
    [{ status: "completed" }, [4, 3, 0]],
    [{ status: "paused" }, []],
    [{ workflow: "asks" }, [2]],
    [{ workflow: "good", status: "completed", tags: ["y"] }, [3]],
    [{ trigger: "api" }, [4, 3, 2, 1, 0]],
    [{ trigger: "replay" }, []],
    [{ stack: "kubernetes" }, []],
    [{ tags: ["x"] }, [1, 0]],
    [{ tags: ["x", "y"] }, [1]],
    [{ tags: ["x"], status: "failed" }, [1]],
    [{ since: "2030-01-03" }, [4, 3, 2]],
    [{ since: "2030-01-03T00:00:01Z" }, [4, 3]],
    [{ until: "2030-01-02T00:00:00Z" }, [1, 0]],
    [{ since: "2030-01-02", until: "2030-01-03" }, [2, 1]],
    [{ since: "36h" }, [4]],
    [{ since: "2031-01-01" }, []],
    [{ until: "2029-01-01" }, []],
    [{ since: "2030-01-02", workflow: "good" }, [4, 3]],
  ])("finds for %j the right ones", async (filter, expected) => {
    const found = await list(filter);
    expect(places(found)).toEqual(expected);
    expect(found.total).toBe(expected.length);
  });

  test("is read page by page, with the same filters", async () => {
    const all = await pages<Item>(project, "executions_list", { limit: 2 });
    expect(all.map((page) => page.map((item) => ids.indexOf(item.execution_id)))).toEqual([[4, 3], [2, 1], [0]]);
    const tagged = await pages<Item>(project, "executions_list", { limit: 1, tags: ["x"] });
    expect(tagged.flat().map((item) => ids.indexOf(item.execution_id))).toEqual([1, 0]);
    expect((await list({ limit: 2 })).total).toBe(5);
  });

  test.each([
    [{ since: "yesterday" }, /since: "yesterday" is neither a date nor a duration/],
    [{ until: "15" }, /until: "15"/],
    [{ since: "2030-13-45" }, /since/],
    [{ limit: 0 }, /limit/],
    [{ limit: 201 }, /limit/],
    [{ limit: 1.5 }, /limit/],
    [{ cursor: "abc" }, /cursor/],
    [{ cursor: Buffer.from('["executions",[-1]]').toString("base64url") }, /cursor/],
    [{ cursor: Buffer.from('["waits",[1,1]]').toString("base64url") }, /cursor/],
    [{ status: "done" }, /status must be "queued" or .*; it is "done"/],
    [{ state: "failed" }, /"state" is unknown/],
    [{ tags: "x" }, /tags must be an array; it is "x"/],
  ])("refuses %j", async (args, message) => {
    const error = await project.error("executions_list", args);
    expect(error.code).toBe("invalid_input");
    expect(error.message).toMatch(message);
    expect(error.hint?.length).toBeGreaterThan(10);
  });
});
