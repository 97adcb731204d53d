import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Progress } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { catalogue } from "../../src/tools/catalogue.ts";
import { flowFile, reviewFlow, ToolProject } from "../tools/project.ts";
import { callTool, connect } from "./client.ts";

let project: ToolProject;
let client: Client;
beforeEach(async () => {
  project = new ToolProject({ "flows/review.ts": reviewFlow });
  client = await connect(await project.app(), { groups: ["all"] });
});
afterEach(async () => {
  await client.close();
  await project.close();
});

describe("the list of tools", () => {
  test("is the catalogue, in its order and with all its schemas", async () => {
    const { tools, nextCursor } = await client.listTools();
    expect(nextCursor).toBeUndefined();
    expect(tools.map(({ name }) => name)).toEqual(catalogue.map(({ name }) => name));
    for (const tool of tools) expect(tool.annotations).toMatchObject({ title: tool.title });
    expect(tools).toMatchSnapshot();
  });

  test("of the usual groups is short enough for clients that read it whole", async () => {
    const usual = await connect(await project.app());
    const size = Buffer.byteLength(JSON.stringify(await usual.listTools()));
    expect(size).toBeLessThan(32_000);
    await usual.close();
  });

  test("is the same text every time", async () => {
    const again = await connect(await project.app(), { groups: ["all"] });
    expect(JSON.stringify(await again.listTools())).toBe(JSON.stringify(await client.listTools()));
    await again.close();
  });
});

describe("the server", () => {
  test("says what it is and how an execution lives", () => {
    expect(client.getServerVersion()).toMatchObject({ name: "savepoint", version: "0.1.0" });
    expect(client.getServerCapabilities()).toEqual({ tools: {}, resources: { subscribe: true }, prompts: {} });
    const instructions = client.getInstructions() ?? "";
    expect(instructions.length).toBeLessThan(4_000);
    expect(instructions.match(/^\d+\. /gm)).toHaveLength(10);
    for (const word of instructions.match(/\b(executions|workflows|artifacts|stacks)_[a-z]+\b/g) ?? []) {
      expect(catalogue.map(({ name }) => name)).toContain(word);
    }
  });

  test("says why the project is another folder than the one it was started in", async () => {
    const app = await project.app();
    const note = "Started in /, which is the root of the file system; the project is elsewhere.";
    const other = await connect({ ...app, config: { ...app.config, projectNote: note } });
    expect(other.getInstructions()).toContain(note);
    expect((await callTool(other, "status")).structured).toMatchObject({ project: { note }, warnings: [note] });
    await other.close();
  });
});

describe("a call", () => {
  test("answers the same in structure and in text", async () => {
    const answer = await callTool(client, "executions_run", { target: "review", input: { topic: "otters" } });
    expect(answer.isError).toBe(false);
    expect(answer.structured).toMatchObject({ status: "waiting" });
    expect(answer.text).toEqual(answer.structured);
  });

  test("that is mistaken is a result that says so, without structure", async () => {
    const answer = await callTool(client, "executions_get", { execution_id: "nothing" });
    expect(answer).toMatchObject({ isError: true, structured: undefined });
    expect(answer.text).toEqual({
      error: {
        code: "not_found",
        message: expect.any(String),
        hint: expect.stringContaining("executions_list"),
        details: null,
      },
    });
  });

  test("of an unknown tool names the nearest", async () => {
    const answer = await callTool(client, "execution_run", {});
    expect(answer).toMatchObject({
      isError: true,
      text: { error: { code: "not_found", hint: expect.stringContaining('"executions_run"') } },
    });
  });

  test("of every reading tool fits the schema that the list shows", async () => {
    await client.listTools();
    const { structured } = await callTool(client, "executions_run", { target: "review", input: { topic: "x" } });
    const id = { execution_id: structured?.["execution_id"] };
    // The client compares each answer with the listed schema and throws where it does not fit.
    for (const [name, args] of [
      ["executions_get", { ...id, detail: "full" }],
      ["executions_list", {}],
      ["executions_logs", id],
      ["executions_waits", {}],
      ["executions_input", { ...id, value: true }],
      ["executions_replay", { ...id, dry_run: true }],
      ["executions_replay", { ...id, from: "draft" }],
      ["workflows_list", {}],
      ["workflows_get", { workflow: "review" }],
      ["workflows_validate", { text: "---\nsteps: []\n---\n" }],
      ["workflows_save", { name: "mini", text: "---\nsteps: [{ id: x, type: emit, event: e }]\n---\n" }],
      ["workflows_get", { workflow: "mini" }],
      ["artifacts_list", id],
      ["artifacts_get", { ...id, name: "report" }],
      ["executions_statistics", { group_by: "checkpoint" }],
      ["models_list", {}],
      ["models_calls", {}],
      ["stacks_list", {}],
      ["status", {}],
    ] as const) {
      expect(await callTool(client, name, args), name).toMatchObject({ isError: false });
    }
  });

  test("tells how it gets on when the client asks for it", async () => {
    project.write(
      "flows/steps.ts",
      flowFile(`
const step = checkpoint("step", async (n: number) => { await new Promise((done) => setTimeout(done, 60)); return n; });
export const steps = flow("steps", async () => { for (let n = 0; n < 3; n++) await step(n); });
`),
    );
    const reports: Progress[] = [];
    await callTool(client, "executions_run", { target: "steps" }, { onprogress: (report) => reports.push(report) });
    expect(reports.map(({ progress }) => progress)).toEqual([0, 1, 2, 3].slice(0, reports.length));
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.at(-1)?.message).toMatch(/checkpoints? completed/);
  });

  test("that is cancelled ends the waiting and leaves the execution alone", async () => {
    project.write(
      "flows/nap.ts",
      flowFile(`export const nap = flow("nap", async () => { await sleep(900); return "rested"; });`),
    );
    const controller = new AbortController();
    const call = callTool(client, "executions_run", { target: "nap", wait_seconds: 30 }, { signal: controller.signal });
    const listed = () => callTool(client, "executions_list", { workflow: "nap" });
    const first = async () => ((await listed()).structured as { items: { execution_id: string }[] }).items[0];
    const item = await vi.waitUntil(first, { timeout: 10_000 });
    controller.abort();
    await expect(call).rejects.toThrow();
    const later = await callTool(client, "executions_get", { execution_id: item.execution_id, wait_seconds: 10 });
    expect(later.structured).toMatchObject({ status: "completed", result: "rested" });
  });

  test("answers with what is known when the server closes", async () => {
    const closing = new AbortController();
    const other = await connect(await project.app(), { closing: closing.signal });
    project.write("flows/nap.ts", flowFile(`export const nap = flow("nap", async () => { await sleep(2_000); });`));
    setTimeout(() => closing.abort(), 400);
    const started = performance.now();
    const answer = await callTool(other, "executions_run", { target: "nap", wait_seconds: 30 });
    expect(performance.now() - started).toBeLessThan(1_900);
    expect(answer.structured).toMatchObject({ result: null });
    await other.close();
  });
});

test("calls run side by side", async () => {
  const topics = ["a", "b", "c", "d", "e"];
  const answers = await Promise.all(
    topics.map((topic) => callTool(client, "executions_run", { target: "review", input: { topic } })),
  );
  expect(answers.map(({ structured }) => structured?.["metadata"])).toEqual(topics.map((topic) => ({ topic })));
});
