import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeClaude } from "../../src/testing/fake-claude.ts";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import { savepoint } from "../cli/command.ts";
import { temporaryFolder } from "../helpers/engine.ts";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { compatibleWire } from "../helpers/models/chat-wire.ts";
import { type ScriptedModel, startScriptedModel } from "../helpers/models/scripted-model.ts";
import { type RunningServer, startServer } from "../http/process.ts";
import { TestProject } from "../processes/project.ts";
import { appearances } from "./appearances.ts";
import { openSurface, type Surface } from "./surfaces.ts";

/** The key in the environment, a key that is linked to an alias, and a value that a workflow hands to models and agents. */
const values = {
  ENVIRONMENT: "sk-ant-environment/key+0123456789",
  LINKED: 'sk-linked "quoted" key & more',
  WORKFLOW: "a value that workflows read, ünïcode",
};
const forms = Object.values(values).flatMap(appearances);
const all = Object.values(values).join(" and ");

let project: TestProject;
let server: RunningServer;
let surface: Surface;
const models: ScriptedModel[] = [];
const folder = temporaryFolder();
beforeAll(async () => {
  const anthropic = await startScriptedModel(
    anthropicWire,
    { text: ["You told me ", all] },
    { toolCalls: [{ name: "look_up", input: { what: all } }] },
    { text: [`It says ${all}`] },
    { status: 401, message: `Incorrect API key provided: ${values.ENVIRONMENT}` },
  );
  const linked = await startScriptedModel(compatibleWire, {
    status: 401,
    message: `Incorrect key ${values.LINKED}, ${all}`,
  });
  models.push(anthropic, linked);
  const claude = fakeClaude({
    folder: folder.path,
    script: {
      runs: [
        {
          turns: [{ text: `I see ${all}`, tools: [{ name: "Bash", input: { command: `echo ${all}` }, answer: all }] }],
        },
        { stderr: `cannot work with ${all}`, exitCode: 1, result: null, turns: [] },
      ],
    },
  });
  project = new TestProject({
    SAVEPOINT_GROUPS: "all",
    ...claude.env,
    ANTHROPIC_API_KEY: values.ENVIRONMENT,
    ANTHROPIC_BASE_URL: anthropic.baseUrl,
  });
  project.write(
    "flows/talking.ts",
    `import { agent, checkpoint, flow, llm, modelTool, secret } from "savepoint";
import { z } from "zod";
const look_up = modelTool({ input: z.object({ what: z.string() }), run: async ({ what }) => what + (await secret("workflow", "VALUE")) });
const ask = checkpoint("ask", async () => {
  const value = await secret("workflow", "VALUE");
  const first = await llm("Remember " + value, { model: "anthropic:claude-sonnet-4-5", system: value });
  const second = await llm("Look it up", { model: "anthropic:claude-sonnet-4-5", tools: { look_up } });
  return [first, second];
});
const said = (error: Error) => error.message + error.stack + String(error.cause);
export const talking = flow("talking", async () => {
  const told = await ask();
  console.log(told);
  const refused = await llm(told[0], { model: "anthropic:claude-sonnet-4-5", name: "refused" }).catch(said);
  const linked = await llm(told[0], { model: "linked", name: "linked" }).catch(said);
  const secrets = { SOME_TOKEN: ["workflow", "VALUE"] } as const;
  const worked = await agent(told[0], { name: "works", secrets, savepoint: false, permissionMode: "acceptEdits" });
  return { told, refused, linked, worked, last: await agent("fail", { secrets }) };
});
`,
  );
  server = await startServer(project);
  surface = await openSurface("MCP over stdio", project, server);
  await call("secrets_create", { name: "workflow", values: { VALUE: values.WORKFLOW } });
  await call("secrets_create", { name: "linked", values: { KEY: values.LINKED } });
  const registered = await savepoint(project, [
    ...["models", "register", "linked", "openai-compatible:some-model"],
    ...["--secret", "linked.KEY", "--base-url", linked.baseUrl],
  ]);
  expect(registered).toMatchObject({ code: 0 });
}, 60_000);
afterAll(async () => {
  await surface.close();
  await project.close();
  for (const model of models) await model.close();
  folder.remove();
});

test("what models and agents are told, say and refuse shows no key and no secret", async () => {
  const execution = await call("executions_run", { target: "talking", wait_seconds: 45 });
  expect(execution).toMatchObject({ status: "failed", failure: { checkpoint: "agent" } });
  const { execution_id } = execution;
  await call("executions_get", { execution_id, detail: "full" });
  await call("executions_events", { execution_id, limit: 200 });
  await call("executions_logs", { execution_id });
  await call("models_calls", { execution_id, limit: 200 });
  await call("models_list", {});
  await call("executions_statistics", { group_by: "model" });
  const { items } = await call("artifacts_list", { execution_id, limit: 200 });
  expect(items.length).toBeGreaterThan(8);
  for (const { artifact_id } of items) await call("artifacts_get", { artifact_id });
  const shown = await savepoint(project, ["executions", "get", execution_id, "--detail", "full"]);
  const listed = await savepoint(project, ["models", "calls"]);
  // As anybody calls them who has not the worker's environment.
  const elsewhere = { env: { ANTHROPIC_API_KEY: "" } };
  const shownElsewhere = await savepoint(project, ["executions", "get", execution_id, "--detail", "full"], elsewhere);
  const app = await project.open({ env: { ...project.env, ANTHROPIC_API_KEY: undefined } });
  for (const { artifact_id } of items) {
    const read = await savepoint(project, ["artifacts", "get", artifact_id], elsewhere);
    expect(leaksIn(read.stdout + read.stderr)).toEqual([]);
  }
  expect(app.store.secrets.everKnown().map(({ name }) => name)).toContain("environment");
  for (const { stdout, stderr } of [shown, shownElsewhere]) {
    expect(stdout, stderr).toContain("[redacted environment.ANTHROPIC_API_KEY]");
  }
  // The keys went where they belong.
  expect(models[0]?.requests[0]?.headers["x-api-key"]).toBe(values.ENVIRONMENT);
  expect(models[1]?.requests[0]?.headers["authorization"]).toBe(`Bearer ${values.LINKED}`);
  for (const text of [
    surface.seen(),
    server.said(),
    shown.stdout,
    shown.stderr,
    listed.stdout,
    shownElsewhere.stdout,
  ]) {
    expect(leaksIn(text)).toEqual([]);
  }
  expect(surface.seen()).toContain("[redacted environment.ANTHROPIC_API_KEY]");
}, 90_000);

test("and no file of the project holds one", async () => {
  await surface.close();
  const folder = join(project.root, ".savepoint");
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of found) {
    const path = join(parentPath, name);
    expect(leaksIn(readFileSync(path, "utf8")), path).toEqual([]);
    expect(leaksIn(readFileSync(path, "latin1")), path).toEqual([]);
  }
});

async function call(name: string, args: Record<string, unknown>) {
  const outcome = await surface.call(name, args);
  if (!outcome.ok) throw new Error(`${name}: ${JSON.stringify(outcome.error)}`);
  return outcome.value as ExecutionView & { items: { artifact_id: string }[] };
}

function leaksIn(text: string): string[] {
  return forms.filter((form) => text.includes(form));
}
