import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { definitionJsonSchema } from "../../src/definitions/json-schema.ts";
import { stepTypes } from "../../src/definitions/model/steps.ts";
import { reviewFlow, ToolProject } from "../tools/project.ts";
import { connect } from "./client.ts";

let project: ToolProject;
let client: Client;
beforeAll(async () => {
  project = new ToolProject({ "flows/review.ts": reviewFlow });
  client = await connect(await project.app());
});
afterAll(async () => {
  await client.close();
  await project.close();
});

const start = () => project.call("executions_run", { target: "review", input: { topic: "tea" } });
const textOf = async (uri: string) => {
  const { contents } = await client.readResource({ uri });
  expect(contents).toHaveLength(1);
  return contents[0] as { uri: string; mimeType?: string; text?: string };
};

describe("resources", () => {
  test("list the executions, newest first, in pages", async () => {
    for (let count = 0; count < 22; count++) await start();
    const newest = await start();
    const first = await client.listResources();
    const executions = first.resources.filter(({ uri }) => uri.startsWith("execution://"));
    expect(executions[0]).toMatchObject({
      uri: `execution://${newest.execution_id}`,
      title: expect.stringContaining("review"),
      mimeType: "application/json",
    });
    expect(executions).toHaveLength(20);
    const second = await client.listResources({ cursor: first.nextCursor });
    expect(second.resources).toHaveLength(3);
    expect(second.nextCursor).toBeUndefined();
  });

  test("are read as the tools show them", async () => {
    const { execution_id } = await start();
    const execution = await textOf(`execution://${execution_id}`);
    expect(JSON.parse(execution.text ?? "")).toMatchObject({
      execution_id,
      checkpoints: [{ output: "Draft for tea" }],
    });
    const { items } = await project.call<{ items: { artifact_id: string; name: string }[] }>("artifacts_list", {
      execution_id,
    });
    const report = items.find(({ name }) => name === "report");
    expect(await textOf(`artifact://${report?.artifact_id}`)).toMatchObject({ text: '{"text":"Draft for tea"}' });
    const draft = items.find(({ name }) => name === "draft");
    expect(await textOf(`artifact://${draft?.artifact_id}`)).toMatchObject({ text: "Draft for tea" });
  });

  test("tell how a definition is written: a guide that fits on a page, and the schema", async () => {
    const { resources } = await client.listResources();
    const uris = resources.slice(0, 2).map(({ uri }) => uri);
    expect(uris).toEqual(["savepoint://definitions/guide", "savepoint://definitions/schema"]);
    const guide = (await textOf("savepoint://definitions/guide")).text ?? "";
    expect(Buffer.byteLength(guide)).toBeLessThan(4_096);
    const schema = await textOf("savepoint://definitions/schema");
    expect(JSON.parse(schema.text ?? "")).toEqual(definitionJsonSchema());
    for (const type of stepTypes) expect(guide).toMatch(new RegExp(`^- ${type}: `, "m"));
    const [front, body] = [guide.indexOf("---"), guide.indexOf("\n\nFields:")];
    const example = await project.call("workflows_validate", { text: guide.slice(front, body) });
    expect(example).toMatchObject({ valid: true, problems: [] });
  });

  test("that are not there are errors that say what there is", async () => {
    await expect(client.readResource({ uri: "execution://nothing-so-called" })).rejects.toMatchObject({
      code: -32_602,
      data: { code: "not_found", hint: expect.stringContaining("executions_list") },
    });
    await expect(client.readResource({ uri: "file:///etc/passwd" })).rejects.toMatchObject({
      code: -32_602,
      data: { hint: expect.stringContaining("execution://{execution_id}") },
    });
    await expect(client.subscribeResource({ uri: "artifact://nothing" })).rejects.toMatchObject({ code: -32_602 });
  });

  test("have templates", async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      "execution://{execution_id}",
      "artifact://{artifact_id}",
    ]);
  });

  test("tell who subscribed when the status changes, and nobody else", async () => {
    const told: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void told.push(params.uri));
    const { execution_id } = await start();
    const { execution_id: other } = await start();
    const uri = `execution://${execution_id}`;
    await client.subscribeResource({ uri });
    await project.call("executions_input", { execution_id, value: true, wait_seconds: 10 });
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0));
    await project.call("executions_cancel", { execution_id: other });
    await client.unsubscribeResource({ uri });
    expect(new Set(told)).toEqual(new Set([uri]));
  });
});

describe("prompts", () => {
  test("say what they are for and what they take", async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(["author_workflow", "debug_execution", "review_waits"]);
    const { messages } = await client.getPrompt({ name: "author_workflow", arguments: { goal: "water the plants" } });
    expect(messages[0]?.content).toMatchObject({ type: "text", text: expect.stringContaining("water the plants") });
    const { messages: debug } = await client.getPrompt({
      name: "debug_execution",
      arguments: { execution_id: "0199" },
    });
    expect(debug[0]?.content).toMatchObject({ text: expect.stringContaining("execution 0199") });
  });

  test("that are unknown, or lack an argument, say so", async () => {
    await expect(client.getPrompt({ name: "author_workflows" })).rejects.toMatchObject({
      code: -32_602,
      data: { hint: expect.stringContaining('"author_workflow"') },
    });
    await expect(client.getPrompt({ name: "author_workflow" })).rejects.toMatchObject({
      message: expect.stringContaining("goal is missing"),
    });
  });
});
