import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flowFile, type List, nested, reviewFlow, ToolProject } from "./project.ts";

let project: ToolProject;
beforeAll(() => {
  project = new ToolProject({
    "flows/review.ts": reviewFlow,
    "flows/waits.ts": flowFile(`
export const go = flow("go", async () => ({ answer: await wait({ name: "go" }) }));
export const both = flow("both", async () => Promise.all([
  wait({ name: "left", question: "Left?", schema: z.string() }),
  wait({ name: "right", schema: z.int().min(1).max(3) }),
]));
export const again = flow("again", async () => [await wait({ name: "step" }), await wait({ name: "step" })]);
export const form = flow("form", async () => wait({
  name: "form",
  schema: z.strictObject({ publish: z.boolean(), comment: z.string().optional() }),
  metadata: { page: 3 },
}));
export const limited = flow("limited", async () => wait({ name: "soon", timeout: "1h", onTimeout: { value: "late" } }));
export const slow = flow("slow", async () => {
  await checkpoint("nap", () => new Promise((resolve) => setTimeout(resolve, 400)))();
  return wait({ name: "late", schema: z.number() });
});
`),
  });
});
afterAll(() => project.close());

const run = async (target: string, input?: unknown) =>
  (await project.call("executions_run", { target, ...(input !== undefined && { input }), wait_seconds: 10 }))
    .execution_id;

describe("executions_input", () => {
  test("answers the only pending wait and shows what came of it", async () => {
    const id = await run("review", { topic: "otters" });
    const execution = await project.call("executions_input", { execution_id: id, value: true });
    expect(execution).toMatchObject({ status: "completed", result: "Draft for otters", pending_waits: [] });
  });

  test("takes the beginning of an id where it is unique", async () => {
    const id = await run("go");
    const execution = await project.call("executions_input", {
      execution_id: id.slice(0, -4),
      value: { any: ["thing"] },
    });
    expect(execution).toMatchObject({ execution_id: id, status: "completed", result: { answer: { any: ["thing"] } } });
  });

  test.each([[null], [false], [0], [""]])("passes the answer %j as it is", async (value) => {
    const execution = await project.call("executions_input", { execution_id: await run("go"), value });
    expect(execution.result).toEqual({ answer: value });
  });

  test("asks which wait is meant when several are pending", async () => {
    const id = await run("both");
    const error = await project.error("executions_input", { execution_id: id, value: "x" });
    expect(error).toMatchObject({ code: "ambiguous", details: { candidates: ["left", "right"] } });
    expect(error.hint).toContain("wait");
    const next = (await project.call("executions_get", { execution_id: id })).next;
    expect(next).toContain(`executions_input {"execution_id":"${id}","wait":"left","value":"…"}`);
    expect(next).toContain("2 waits are pending");
    const half = await project.call("executions_input", { execution_id: id, wait: "left", value: "x" });
    expect(half).toMatchObject({ status: "waiting", pending_waits: [{ name: "right" }] });
    const whole = await project.call("executions_input", {
      execution_id: id,
      wait: half.pending_waits[0]?.wait_id,
      value: 2,
    });
    expect(whole).toMatchObject({ status: "completed", result: ["x", 2] });
  });

  test("stops at the next question", async () => {
    const id = await run("again");
    const second = await project.call("executions_input", { execution_id: id, value: 1 });
    expect(second).toMatchObject({ status: "waiting", pending_waits: [{ name: "step#2" }] });
    const done = await project.call("executions_input", { execution_id: id, wait: "step#2", value: 2 });
    expect(done.result).toEqual([1, 2]);
  });

  test("refuses a value that does not fit, with one that would, and the wait stays pending", async () => {
    const id = await run("form");
    const error = await project.error("executions_input", { execution_id: id, value: { publish: "yes" } });
    expect(error).toMatchObject({ code: "invalid_input", message: "value: publish: must be boolean" });
    expect(error.hint).toContain(`executions_input {"execution_id":"${id}","value":{"publish":true}}`);
    const text = await project.error("executions_input", { execution_id: id, value: '{"publish":true}' });
    expect(text.hint).toContain("pass the JSON itself");
    const open = await project.call("executions_get", { execution_id: id });
    expect(open).toMatchObject({ status: "waiting", pending_waits: [{ name: "form", metadata: { page: 3 } }] });
  });

  test("refuses a second answer and keeps the first", async () => {
    const id = await run("both");
    await project.call("executions_input", { execution_id: id, wait: "left", value: "first" });
    const error = await project.error("executions_input", { execution_id: id, wait: "left", value: "second" });
    expect(error.code).toBe("conflict");
    expect(error.hint).toContain("executions_replay");
    const done = await project.call("executions_input", { execution_id: id, wait: "right", value: 1 });
    expect(done.result).toEqual(["first", 1]);
  });

  test("names the nearest wait for an unknown one", async () => {
    const error = await project.error("executions_input", { execution_id: await run("both"), wait: "lft", value: "x" });
    expect(error).toMatchObject({ code: "not_found", hint: 'Did you mean "left"?' });
  });

  test("needs a value", async () => {
    const error = await project.error("executions_input", { execution_id: await run("go") });
    expect(error).toMatchObject({ code: "invalid_input", message: "executions_input: value is missing" });
  });

  test("answers one key once", async () => {
    const args = { execution_id: await run("again"), value: "same", idempotency_key: "k" };
    const first = await project.call("executions_input", args);
    const second = await project.call("executions_input", args);
    expect([first, second].map(({ pending_waits: waits }) => waits.map(({ name }) => name))).toEqual([
      ["step#2"],
      ["step#2"],
    ]);
  });

  test("keeps an early answer for a wait that is not asked yet", async () => {
    const { execution_id: id } = await project.call("executions_run", { target: "slow", wait_seconds: 0 });
    const refused = await project.error("executions_input", { execution_id: id, wait: "late", value: 3 });
    expect(refused).toMatchObject({ code: "not_found", hint: expect.stringContaining("early: true") });
    const done = await project.call("executions_input", { execution_id: id, wait: "late", value: 3, early: true });
    expect(done).toMatchObject({ status: "completed", result: 3 });
    expect(done.next).toMatch(/^The answer was kept for wait "late", which has been asked since\. It has completed/);
  });

  test("says for which wait an early answer is kept, and which pending one may be meant", async () => {
    const id = await run("go");
    const args = { execution_id: id, value: 1, early: true, wait_seconds: 0 };
    const near = await project.call("executions_input", { ...args, wait: "goo" });
    expect(near.next).toMatch(
      /^The answer is kept for wait "goo", until that is asked\. Pending now: go\. Did you mean that\? It asks/,
    );
    const far = await project.call("executions_input", { ...args, wait: "publishing" });
    expect(far.next).toMatch(/^The answer is kept for wait "publishing", until that is asked\. It asks/);
    const ended = await project.call("executions_input", { execution_id: id, value: 1 });
    expect(ended.next).toMatch(/^It has completed/);
  });

  test("shows why an early answer was refused", async () => {
    const { execution_id: id } = await project.call("executions_run", { target: "slow", wait_seconds: 0 });
    const args = { execution_id: id, wait: "late", value: "three", early: true };
    const refused = await project.call("executions_input", { ...args, wait_seconds: 10 });
    expect(refused.pending_waits).toMatchObject([
      { name: "late", refused_answer: { reason: expect.stringContaining("number"), at: expect.stringMatching(/Z$/) } },
    ]);
    expect(refused.next).toContain("The last answer to late did not fit: see refused_answer.");
  });

  test("refuses an answer that is nested too deeply, now and early", async () => {
    const id = await run("go");
    for (const more of [{}, { early: true, wait: "other" }]) {
      const error = await project.error("executions_input", { execution_id: id, value: nested(600), ...more });
      expect(error).toMatchObject({
        code: "invalid_input",
        message: expect.stringMatching(/^value.{0,250}500 levels/),
      });
    }
  });
});

describe("executions_waits", () => {
  test("shows every open question of every execution, newest execution first", async () => {
    const own = new ToolProject({ "flows/review.ts": reviewFlow });
    try {
      const ids: string[] = [];
      for (const topic of ["a", "b", "c"]) {
        ids.unshift((await own.call("executions_run", { target: "review", input: { topic } })).execution_id);
      }
      type Item = { execution_id: string; wait_id: string; workflow: string };
      const first = await own.call<List<Item>>("executions_waits", { limit: 2 });
      expect(first).toMatchObject({
        total: 3,
        total_is_exact: true,
        items: [{ workflow: "review", name: "approve", question: "Publish it?", schema: { type: "boolean" } }, {}],
      });
      const second = await own.call<List<Item>>("executions_waits", { limit: 2, cursor: first.next_cursor });
      expect(second.next_cursor).toBeNull();
      expect([...first.items, ...second.items].map((item) => item.execution_id)).toEqual(ids);
      const mine = await own.call<List<Item>>("executions_waits", { execution_id: ids[1] });
      expect(mine.items).toHaveLength(1);
      expect(await own.call("executions_waits", { workflow: "other" })).toMatchObject({ items: [], total: 0 });
      await own.call("executions_input", { execution_id: ids[1], wait: mine.items[0]?.wait_id, value: false });
      expect(await own.call("executions_waits", {})).toMatchObject({ total: 2 });
    } finally {
      await own.close();
    }
  });

  test("tells until when an answer is taken", async () => {
    const id = await run("limited");
    const { items } = await project.call<List<{ asked_at: string; expires_at: string }>>("executions_waits", {
      execution_id: id,
    });
    const [wait] = items;
    expect(Date.parse(wait?.expires_at ?? "") - Date.parse(wait?.asked_at ?? "")).toBe(3_600_000);
  });
});
