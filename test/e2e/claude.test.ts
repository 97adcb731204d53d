import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRunning } from "../helpers/agents/agents.ts";
import { type MessagesApi, type ModelTurn, startMessagesApi, tokensPerTurn } from "../helpers/agents/messages-api.ts";
import { callTool, connect } from "../mcp/client.ts";
import { dist, ended, exit, result, run, TestProject, until } from "../processes/project.ts";

/** Set by `npm run e2e:claude`, which installs it. */
const claude = process.env["SAVEPOINT_E2E_CLAUDE"];
const server = fileURLToPath(new URL("server.js", dist));

let project: TestProject;
let api: MessagesApi;
beforeEach(() => {
  project = new TestProject();
  for (const folder of ["tmp", "home"]) mkdirSync(project.path(folder));
});
afterEach(async () => {
  await project.close();
  await api.close();
});

/** The environment of Claude Code, for itself and for a worker that passes it on. */
async function scripted(model: Parameters<typeof startMessagesApi>[0]): Promise<NodeJS.ProcessEnv> {
  api = await startMessagesApi(model);
  return {
    HOME: project.path("home"),
    TMPDIR: project.path("tmp"),
    CLAUDE_CONFIG_DIR: project.path("home/.claude"),
    ANTHROPIC_BASE_URL: api.url,
    ANTHROPIC_API_KEY: "sk-ant-fake",
    ANTHROPIC_MODEL: "claude-sonnet-4-5",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
    DISABLE_ERROR_REPORTING: "1",
    ...(claude === undefined ? {} : { SAVEPOINT_CLAUDE: claude }),
  };
}

const say = (words: string) => [{ type: "text" as const, text: words }];
const use = (name: string, input: Record<string, unknown>) => [{ type: "tool_use" as const, name, input }];
const last = ({ results }: ModelTurn) => results.at(-1);

describe.skipIf(claude === undefined)("the real Claude Code (npm run e2e:claude installs it)", () => {
  test("drives Savepoint: it starts a workflow, answers its question and reads its result", async () => {
    project.flow("greet", `export const greet = flow("greet", async () => ({ hello: await wait({ name: "whom" }) }));`);
    const env = await scripted((turn) => {
      if (turn.turn === 0) return use("mcp__savepoint__executions_run", { target: "greet", wait_seconds: 20 });
      const { execution_id } = last(turn)?.json ?? {};
      if (turn.turn === 1)
        return use("mcp__savepoint__executions_input", { execution_id, value: "world", wait_seconds: 20 });
      return say(`It ended with ${JSON.stringify(last(turn)?.json?.["result"])}`);
    });
    const own = { command: process.execPath, args: [server], env: { SAVEPOINT_PROJECT: project.root } };
    const config = project.write("mcp.json", JSON.stringify({ mcpServers: { savepoint: own } }));
    const args = ["-p", "--output-format", "json", "--mcp-config", config, "--strict-mcp-config"];
    const child = spawn(claude ?? "", [...args, "--tools", "", "--allowedTools", "mcp__savepoint"], {
      cwd: project.root,
      env: { ...project.env, ...env },
    });
    child.stdin.end("greet the world");
    const [said] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(JSON.parse(said)).toMatchObject({ is_error: false, result: 'It ended with {"hello":"world"}' });
    expect(api.turns.flatMap(({ results }) => results).filter(({ isError }) => isError)).toEqual([]);
    const app = await project.open();
    expect((await app.listings.executions({ limit: 10 })).items).toMatchObject([
      { workflow: "greet", status: "completed" },
    ]);
  });

  test("works as a step: what it starts is a child of the step, with its usage in the parent's", async () => {
    project.write(
      "flows/family.ts",
      `import { agent, flow } from "savepoint";
export const child = flow("child", async () => (await agent("be the child", { savepoint: false })).text);
export const parent = flow("parent", async () => (await agent("be the parent", { name: "lead", tools: [] })).text);`,
    );
    const env = await scripted((turn) => {
      if (turn.prompt.includes("be the child")) return say("I am the child");
      if (turn.turn === 0) return use("mcp__savepoint__executions_run", { target: "child", wait_seconds: 40 });
      return say(`the child said ${String(last(turn)?.json?.["result"])}`);
    });
    const app = await project.open();
    project.worker(env);
    const execution = await run(app, "flows/family.ts:parent");
    expect(await result(app, execution.id)).toBe("the child said I am the child");
    const client = await connect(app);
    const { structured } = await callTool(client, "executions_get", { execution_id: execution.id, detail: "full" });
    await client.close();
    expect(structured?.["children"]).toMatchObject([{ workflow: "child", status: "completed" }]);
    expect(api.given.requests).toBe(3);
    expect(structured?.["usage"]).toMatchObject({
      requests: 3,
      input_tokens: 3 * tokensPerTurn.input,
      output_tokens: 3 * tokensPerTurn.output,
      tool_calls: 1,
      cost_usd: expect.closeTo(0.0018, 6),
    });
    expect(readdirSync(project.path("tmp")).filter((name) => name.startsWith("savepoint-agent-"))).toEqual([]);
  });

  test("is refused the tool call over the limit, whatever the permission mode, and finishes with what it has", async () => {
    project.write(
      "flows/limited.ts",
      `import { agent, flow } from "savepoint";
export const limited = flow("limited", async () => {
  const { text, toolCalls } = await agent("go", { tools: ["Bash"], permissionMode: "bypassPermissions", guardrails: { maxToolCalls: 1 } });
  return { text, toolCalls };
});`,
    );
    const note = (word: string) => use("Bash", { command: `echo ${word} >> said` });
    const env = await scripted((turn) => {
      if (turn.turn === 0) return [...note("one"), ...note("two")];
      return say(
        turn.results
          .map(({ isError }) => (isError ? "refused" : "done"))
          .toSorted()
          .join(", "),
      );
    });
    const app = await project.open();
    project.worker(env);
    const execution = await run(app, "flows/limited.ts:limited");
    expect(await result(app, execution.id)).toEqual({ text: "done, refused", toolCalls: 1 });
    expect(project.lines("said")).toHaveLength(1);
  });

  test.each(["default", "acceptEdits", "bypassPermissions"])("keeps to rules of Bash in the mode %s", async (mode) => {
    project.write(
      "flows/ruled.ts",
      `import { agent, flow } from "savepoint";
export const ruled = flow("ruled", async (permissionMode: string) => (await agent("go", { tools: ["Bash(ls:*)"], permissionMode })).text);`,
    );
    const commands = ["ls", "echo no", "touch said", "ls; touch said"];
    const env = await scripted(({ turn, results }) => {
      const command = commands[turn];
      return command === undefined
        ? say(JSON.stringify(results.map(({ isError }) => isError)))
        : use("Bash", { command });
    });
    const app = await project.open();
    project.worker(env);
    const execution = await run(app, "flows/ruled.ts:ruled", mode);
    expect(await result(app, execution.id)).toBe("[false,true,true,true]");
    expect(project.lines("said")).toEqual([]);
  });

  test("only looks in the mode plan, though its tools are named", async () => {
    project.write(
      "flows/planned.ts",
      `import { agent, flow } from "savepoint";
export const planned = flow("planned", async () => (await agent("go", { tools: ["Bash", "Write"], permissionMode: "plan" })).text);`,
    );
    const list = use("mcp__savepoint__executions_list", {});
    const env = await scripted(({ turn, results }) => {
      if (turn === 0) return use("Bash", { command: "touch said" });
      if (turn === 1) return use("Write", { file_path: project.path("said"), content: "x" });
      return turn === 2 ? list : say(JSON.stringify(results.map(({ isError }) => isError)));
    });
    const app = await project.open();
    project.worker(env);
    const execution = await run(app, "flows/planned.ts:planned");
    expect(await result(app, execution.id)).toBe("[true,true,false]");
    expect(existsSync(project.path("said"))).toBe(false);
  });

  test("leaves nothing behind when it has ended, and is told of what it lacks", async () => {
    project.write(
      "flows/leaving.ts",
      `import { agent, flow } from "savepoint";
const mcpServers = { broken: { command: "/nonexistent" } };
export const leaving = flow("leaving", async () => (await agent("go", { tools: ["Bash", "Reed"], mcpServers })).text);`,
    );
    const command = `(setsid sh -c 'trap "" TERM; echo $$ > pid; while :; do sleep 0.1; done' >/dev/null 2>&1 &); tail -f /dev/null >/dev/null 2>&1 & echo $! > tail; sleep 1`;
    const env = await scripted(({ turn }) => (turn === 0 ? use("Bash", { command }) : say("done")));
    const app = await project.open();
    project.worker(env);
    const execution = await run(app, "flows/leaving.ts:leaving");
    expect(await result(app, execution.id)).toBe("done");
    const pids = ["pid", "tail"].map((file) => Number(project.lines(file)[0]));
    expect(pids.every((pid) => pid > 0)).toBe(true);
    expect(pids.filter(isRunning)).toEqual([]);
    const told = app.store.reader().prepare("SELECT data FROM events WHERE type = 'agent_warning' ORDER BY id").all();
    expect(told).toEqual([
      { data: '{"problem":"mcp_server_unavailable","name":"broken","status":"failed"}' },
      { data: '{"problem":"unknown_tool","name":"Reed"}' },
    ]);
  });

  test("answers by a schema", async () => {
    project.write(
      "flows/shaped.ts",
      `import { agent, flow } from "savepoint";
const output = { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false };
export const shaped = flow("shaped", async () => (await agent("count", { output, tools: [] })).output);`,
    );
    const env = await scripted(() => use("StructuredOutput", { n: 3 }));
    const app = await project.open();
    project.worker(env);
    const execution = await run(app, "flows/shaped.ts:shaped");
    expect(await result(app, execution.id)).toEqual({ n: 3 });
  });

  test("dies with its worker, programs that it started included, and goes on in its session", async () => {
    project.write(
      "flows/long.ts",
      `import { agent, flow } from "savepoint";
export const long = flow("long", async () => (await agent("work long", { tools: ["Bash"] })).text);`,
    );
    const command = `echo $$ > ${project.path("pid")}; tail -f /dev/null`;
    const env = await scripted((turn) =>
      turn.turn === 0 ? use("Bash", { command }) : say(`went on after: ${turn.prompt}`),
    );
    const app = await project.open();
    const worker = project.worker(env);
    const execution = await run(app, "flows/long.ts:long");
    const pid = Number(await until("the program", () => project.lines("pid")[0]));
    worker.kill("SIGKILL");
    await exit(worker);
    await until("the program to be gone", () => !isRunning(pid), 5_000);
    project.worker(env);
    await ended(app, execution.id);
    expect(await result(app, execution.id)).toContain("until it is done.");
    const types = app.store.reader().prepare("SELECT data FROM events WHERE type = 'agent_resumed'").all();
    expect(types).toHaveLength(1);
    expect(readFileSync(project.path("pid"), "utf8").trim()).toBe(String(pid));
  });
});
