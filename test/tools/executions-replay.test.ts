import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { flowFile, type List, nested, ToolProject } from "./project.ts";

interface Replay {
  execution: ExecutionView | null;
  plan: Record<"reused" | "overridden" | "rerun" | "asked" | "answered" | "unused_so_far", string[]> & { note: string };
}

const chain = (sign: string) =>
  flowFile(`
const fetchPage = checkpoint("fetch", async (page: number) => "page " + page);
const join = checkpoint("join", async (pages: string[]) => pages.join(" ${sign} "));
const publish = checkpoint("publish", async (text: string) => text.toUpperCase());
export const chain = flow("chain", async ({ first, title }: { first: number; title?: string | null }) => {
  const pages = [await fetchPage(first), await fetchPage(first + 1)];
  const text = await join(pages);
  const approved = await wait({ name: "approve", schema: z.boolean() });
  return { text: approved ? await publish(text) : text, title };
}, { input: z.strictObject({ first: z.number(), title: z.string().nullable().optional() }) });
`);

let project: ToolProject;
let source: string;
beforeAll(async () => {
  project = new ToolProject({ "flows/chain.ts": chain("+") });
  const { execution_id: id } = await project.call("executions_run", {
    target: "chain",
    input: { first: 1, title: "T" },
  });
  source = (await project.call("executions_input", { execution_id: id, value: true })).execution_id;
});
afterAll(() => project.close());

const replay = (args: Record<string, unknown>) =>
  project.call<Replay>("executions_replay", { execution_id: source, ...args });
const executions = async () => (await project.call<List<unknown>>("executions_list", {})).total;

describe("executions_replay", () => {
  test("shows the plan of a dry run and starts nothing", async () => {
    const before = await executions();
    const { execution, plan } = await replay({
      from: "join",
      overrides: { "checkpoint.fetch#1": "mine" },
      dry_run: true,
    });
    expect(execution).toBeNull();
    expect(plan).toEqual({
      reused: ["fetch#2"],
      overridden: ["fetch#1"],
      rerun: ["join", "publish"],
      asked: ["approve"],
      answered: [],
      children_reused: [],
      children_started: [],
      unused_so_far: [],
      note: expect.stringContaining("Only data passed as arguments is followed"),
    });
    expect(await executions()).toBe(before);
  });

  test("reuses what came before the anchor, and leaves the source as it is", async () => {
    const { execution } = await replay({ from: "join" });
    expect(execution).toMatchObject({
      status: "waiting",
      trigger: "replay",
      replayed_from: source,
      checkpoints: [
        { selector: "fetch#1", origin: "replayed" },
        { selector: "fetch#2", origin: "replayed" },
        { selector: "join", origin: "executed" },
      ],
      counts: { checkpoints: 3, completed: 3 },
    });
    const done = await project.call("executions_input", { execution_id: execution?.execution_id, value: true });
    expect(done.result).toEqual({ text: "PAGE 1 + PAGE 2", title: "T" });
    expect(await project.call("executions_get", { execution_id: source })).toMatchObject({
      status: "completed",
      replayed_from: null,
    });
    const replays = await project.call<List<unknown>>("executions_list", { replayed_from: source.slice(0, -2) });
    expect(replays).toMatchObject({ total: 1, items: [{ execution_id: execution?.execution_id, trigger: "replay" }] });
  });

  test("uses overridden outputs and takes over answers that were given before the anchor", async () => {
    const { execution, plan } = await replay({
      from: "publish",
      overrides: { "checkpoint.join": "mine" },
      reuse_answers: true,
    });
    expect(plan.answered).toEqual(["approve"]);
    expect(execution).toMatchObject({ status: "completed", result: { text: "MINE" } });
  });

  test("lays new fields over the recorded input, where null wins", async () => {
    const { execution } = await replay({ input: { title: null } });
    const full = await project.call("executions_get", { execution_id: execution?.execution_id, detail: "full" });
    expect(full.input).toEqual({ first: 1, title: null });
  });

  test("runs the original code or the current one, as it is told", async () => {
    project.write("flows/chain.ts", chain("&"));
    const original = await replay({ from: "join" });
    const current = await replay({ from: "join", code: "current" });
    expect(original.execution?.version).not.toBe(current.execution?.version);
    const text = async ({ execution }: Replay) =>
      project.call<{ text: string }>("artifacts_get", { execution_id: execution?.execution_id, name: "join" });
    expect((await text(original)).text).toBe("page 1 + page 2");
    expect((await text(current)).text).toBe("page 1 & page 2");
    project.write("flows/chain.ts", chain("+"));
  });

  test("lists overrides that the source never called, and takes them all the same", async () => {
    project.write(
      "flows/rare.ts",
      flowFile(`
const rare = checkpoint("rare", async () => 1);
export const sometimes = flow("sometimes", async (call: boolean) => (call ? rare() : 0));
`),
    );
    const { execution_id: id } = await project.call("executions_run", { target: "sometimes", input: false });
    const args = { execution_id: id, overrides: { "checkpoint.rare": 7 } };
    const { plan } = await replay({ ...args, dry_run: true });
    expect(plan).toMatchObject({
      overridden: [],
      unused_so_far: ["rare"],
      note: expect.stringContaining("not called"),
    });
    expect((await replay({ ...args, input: true })).execution?.result).toBe(7);
  });

  test("answers one key with one execution", async () => {
    const args = { from: "join", idempotency_key: "again" };
    expect((await replay(args)).execution?.execution_id).toBe((await replay(args)).execution?.execution_id);
  });
});

describe("executions_replay starts nothing and says what to do", () => {
  const refusals: [string, Record<string, unknown>, { code: string; message: RegExp; hint: RegExp }][] = [
    [
      "an unknown anchor",
      { from: "jion" },
      { code: "not_found", message: /no checkpoint "jion"/, hint: /Did you mean "join"/ },
    ],
    [
      "an anchor that several calls share",
      { from: "fetch" },
      { code: "ambiguous", message: /2 checkpoints are called fetch/, hint: /fetch#1, fetch#2/ },
    ],
    [
      "a wait as an anchor",
      { from: "approve" },
      { code: "invalid_input", message: /is a wait/, hint: /Replay from a checkpoint: fetch#1/ },
    ],
    [
      "an override of a wait",
      { overrides: { "wait.approve": true } },
      { code: "invalid_input", message: /wait's answer/, hint: /executions_input/ },
    ],
    [
      "an override without its prefix",
      { overrides: { join: "x" } },
      { code: "invalid_input", message: /does not begin with/, hint: /checkpoint\.join/ },
    ],
    [
      "an override of nothing",
      { overrides: { "checkpoint.jion": "x" } },
      { code: "not_found", message: /"jion"/, hint: /join/ },
    ],
    [
      "an input that does not fit",
      { input: { first: "one" } },
      { code: "invalid_input", message: /first: must be number/, hint: /executions_replay \{"execution_id"/ },
    ],
    [
      "an input with an unknown field",
      { input: { fist: 1 } },
      { code: "invalid_input", message: /"fist" is unknown/, hint: /Did you mean "first"/ },
    ],
    [
      "an unknown argument",
      { override: {} },
      { code: "invalid_input", message: /"override" is unknown/, hint: /Did you mean "overrides"/ },
    ],
    [
      "a value that is no option",
      { code: "newest" },
      { code: "invalid_input", message: /code must be "original" or "current"; it is "newest"/, hint: /./ },
    ],
    [
      "a name that would be lost",
      { overrides: JSON.parse('{"__proto__":1}') },
      { code: "invalid_input", message: /overrides\.__proto__ is a name that cannot be used/, hint: /another name/ },
    ],
    [
      "an argument that would be lost",
      JSON.parse('{"__proto__":1}'),
      { code: "invalid_input", message: /executions_replay: __proto__ is a name/, hint: /another name/ },
    ],
    [
      "an override that is nested too deeply",
      { overrides: { "checkpoint.join": nested(600) } },
      { code: "invalid_input", message: /^overrides\.checkpoint\.join.{0,250}deeper than 500 levels/, hint: /flatter/ },
    ],
    [
      "an input that is nested too deeply",
      { input: { title: nested(600) } },
      { code: "invalid_input", message: /^input.{0,250}deeper than 500 levels/, hint: /flatter/ },
    ],
    [
      "an execution that is not there",
      { execution_id: "ffffffff" },
      { code: "not_found", message: /no execution "ffffffff"/, hint: /executions_list/ },
    ],
  ];

  test.each(refusals)("for %s", async (_, args, expected) => {
    const before = await executions();
    const given = Object.defineProperties({ execution_id: source }, Object.getOwnPropertyDescriptors(args));
    const error = await project.error("executions_replay", given);
    expect(error.code).toBe(expected.code);
    expect(error.message).toMatch(expected.message);
    expect(error.hint).toMatch(expected.hint);
    expect(await executions()).toBe(before);
  });

  test("for current code in which the flow has another name", async () => {
    const named = (name: string) => flowFile(`export const exported = flow("${name}", async () => 1);`);
    project.write("flows/named.ts", named("former"));
    const { execution_id: id } = await project.call("executions_run", { target: "former" });
    project.write("flows/named.ts", named("latter"));
    const error = await project.error("executions_replay", { execution_id: id, code: "current" });
    expect(error.message).toBe("code: flows/named.ts:exported is called latter now, and was former");
    expect(error.hint).toContain('executions_run {"target":"flows/named.ts:exported"}');
  });

  test("for current code that no longer takes the recorded input", async () => {
    project.write("flows/chain.ts", chain("+").replace("first: z.number()", "first: z.string()"));
    const error = await project.error("executions_replay", { execution_id: source, code: "current" });
    expect(error).toMatchObject({ code: "invalid_input", message: "input: first: must be string" });
    project.write("flows/chain.ts", chain("+"));
  });
});
