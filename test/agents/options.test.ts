import { expect, test } from "vitest";
import { agent } from "../../src/flows/agent.ts";
import type { AgentOptions } from "../../src/flows/agent-options.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { useAgents } from "../helpers/agents/agents.ts";
import { useEngines } from "../helpers/engine.ts";

const agents = useAgents();
const engines = useEngines();

const command = ["cat"];
const wrong: [options: AgentOptions, message: string][] = [
  [{ maxTurns: 0 }, "maxTurns must be 1 or more; it is 0"],
  [
    { permissionMode: "acceptedits" },
    'permissionMode "acceptedits" is unknown to Claude Code. Did you mean "acceptEdits"?',
  ],
  [{ permissionMode: "yolo" }, 'permissionMode "yolo" is unknown to Claude Code. There are default, acceptEdits, plan'],
  [{ mcpServers: { savepoint: { command: "x" } } }, "mcpServers.savepoint is the name of Savepoint's own server"],
  [{ mcpServers: { github: { comand: "x" } } }, "mcpServers.github must have a command or a url"],
  [{ secrets: { "A=B": ["a", "B"] } }, 'secrets: "A=B" cannot name an environment variable'],
  [{ secrets: { PATH: ["a", "B"] } }, "secrets: the variable PATH means something else"],
  [{ secrets: { LD_PRELOAD: ["a", "B"] } }, "secrets: the variable LD_PRELOAD means something else"],
  [{ secrets: { SAVEPOINT_PROJECT: ["a", "B"] } }, "secrets: the variable SAVEPOINT_PROJECT means something else"],
  [{ env: ["1A"] }, 'env: "1A" cannot name an environment variable'],
  [
    { command, tools: ["Bash"], permissionMode: "plan", model: "sonnet" },
    "model, tools, permissionMode would change nothing beside command: only Claude Code understands that",
  ],
  [{ command, disallowedTools: [] }, "disallowedTools would change nothing beside command"],
  [{ command, mcpServers: {} }, "mcpServers would change nothing beside command"],
  [{ command, maxTurns: 3 }, "maxTurns would change nothing beside command"],
  [{ command, savepoint: false }, "savepoint would change nothing beside command"],
  [
    { command, guardrails: { maxTokens: 10, maxCostUsd: 0 } },
    "guardrails.maxTokens, guardrails.maxCostUsd cannot hold beside command: nobody tells what the program uses",
  ],
];

test("options that cannot hold, or cannot be meant, are refused where they are given", async () => {
  const asking = flow("asking", async () =>
    Promise.all(wrong.map(([options]) => agent("go", options).catch((error) => error.message))),
  );
  const t = engines.open([asking]);
  t.work();
  const messages = (await t.run(asking)) as string[];
  for (const [index, [, words]] of wrong.entries()) expect(messages[index]).toContain(`agent agent: ${words}`);
});

test("inside a checkpoint an agent has no retries, time or limits of its own", async () => {
  const given = [{ retries: 1 }, { timeout: "1s" }, { guardrails: { maxTurns: 1 } }];
  const asking = flow("asking", async () =>
    checkpoint("work", () => Promise.all(given.map((one) => agent("go", one).catch((error) => error.message))))(),
  );
  const t = engines.open([asking]);
  t.work();
  expect(await t.run(asking)).toEqual(
    ["retries", "timeout", "guardrails"].map(
      (name) => `agent agent: inside a checkpoint it has no ${name} of its own; give them to the checkpoint`,
    ),
  );
});

test("another program starts only where something is left of each limit, and then its time is limited", async () => {
  const { run } = agents.open([], { options: { guardrails: { maxTokens: 10 } } });
  expect((await run("hello", { command })).result).toMatchObject({ text: "hello", usage: { costUsd: null } });
  for (const guardrails of [{ maxTokens: 0 }, { maxCostUsd: 0 }]) {
    const { run, t } = agents.open([], { options: { guardrails } });
    const { id } = await run("hello", { command });
    expect(t.get(id)).toMatchObject({ status: "failed", failure: { origin: "guardrail" } });
  }
  const slow = await run("go", { command: ["sleep", "30"], guardrails: { maxTime: 300 } });
  expect(slow.failure).toMatchObject({ guardrail: { limit: "max_time" } });
});

test("a folder for temporary files that is not there is an error that says what to do", async () => {
  const { run } = agents.open([{}]);
  const folder = String(process.env["TMPDIR"]);
  process.env["TMPDIR"] = `${folder}/none`;
  try {
    expect((await run("go")).failure).toMatchObject({
      code: "no_temporary_folder",
      hint: expect.stringContaining(`belong in ${folder}/none`),
    });
  } finally {
    process.env["TMPDIR"] = folder;
  }
});
