import { mkdirSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FakeClaude, FakeClaudeRun } from "../../src/testing/fake-claude.ts";
import { isRunning } from "../helpers/agents/agents.ts";
import { dist, eventsOf, exit, result, run, TestProject, until } from "../processes/project.ts";

let project: TestProject;
let claude: FakeClaude;
beforeEach(() => {
  project = new TestProject();
  mkdirSync(project.path("tmp"));
  project.write(
    "flows/asking.ts",
    `import { agent, flow } from "savepoint";
export const asking = flow("asking", async (prompt: string) => (await agent(prompt, { retries: 0 })).text);
export const apart = flow("apart", async (prompt: string) => (await agent(prompt, { retries: 0 })).text, { isolate: true });
`,
  );
});
afterEach(async () => {
  await project.close();
  const pids = claude.calls().flatMap(({ pid, grandchild }) => [pid, grandchild ?? pid]);
  expect(pids.filter(isRunning)).toEqual([]);
});

/** The program as it ships. */
async function fake(runs: FakeClaudeRun[]): Promise<NodeJS.ProcessEnv> {
  const testing = (await import(
    new URL("testing/fake-claude.js", dist).href
  )) as typeof import("../../src/testing/fake-claude.ts");
  claude = testing.fakeClaude({ script: { runs }, folder: project.path("claude") });
  return { ...claude.env, TMPDIR: project.path("tmp") };
}

const halfway: FakeClaudeRun = {
  turns: [{ tools: [{ name: "Bash" }] }, { delayMs: 600_000, text: "never said" }],
  hasGrandchild: true,
};

describe("an agent whose worker is killed", () => {
  test.each(["asking", "apart"])(
    "dies with it, and goes on in its session when another takes over (%s)",
    async (flow) => {
      const env = await fake([halfway, { turns: [{ text: "went on" }] }]);
      const app = await project.open();
      const worker = project.worker(env);
      const execution = await run(app, `flows/asking.ts:${flow}`, "count the sheep");
      await until("the agent to be halfway", () => claude.calls()[0]?.tools.length === 1);
      expect(readdirSync(project.path("tmp"))).toHaveLength(1);
      worker.kill("SIGKILL");
      await exit(worker);
      project.worker(env);
      await until("the second run", () => claude.calls().length === 2);
      const [first, second] = claude.calls();
      expect([first?.pid, first?.grandchild].filter((pid) => pid && isRunning(pid))).toEqual([]);
      expect(await result(app, execution.id)).toBe("went on");
      expect(second).toMatchObject({ isResumed: true, sessionId: first?.sessionId });
      expect(second?.stdin).not.toContain("count the sheep");
      expect(eventsOf(app, execution)).toEqual(
        expect.arrayContaining(["agent_started", "agent_resumed", "agent_ended"]),
      );
      const { used } = app.store.budgets.find({ seq: execution.seq, ordinal: 0 }) ?? {};
      expect(used).toMatchObject({ requests: 2, inputTokens: 200, outputTokens: 40, toolCalls: 1 });
      expect(readdirSync(project.path("tmp"))).toEqual([]);
    },
  );

  test("starts anew where Claude Code had written nothing of the session down", async () => {
    const env = await fake([{ ...halfway, forgetsSession: true }, {}, { turns: [{ text: "all anew" }] }]);
    const app = await project.open();
    const worker = project.worker(env);
    const execution = await run(app, "flows/asking.ts:asking", "count the sheep");
    await until("the agent to be halfway", () => claude.calls()[0]?.tools.length === 1);
    worker.kill("SIGKILL");
    await exit(worker);
    project.worker(env);
    expect(await result(app, execution.id)).toBe("all anew");
    const [first, second, third] = claude.calls();
    expect(second).toMatchObject({ isResumed: true, sessionId: first?.sessionId });
    expect(third).toMatchObject({ isResumed: false, stdin: "count the sheep" });
    expect(third?.sessionId).not.toBe(first?.sessionId);
    expect(readdirSync(project.path("tmp"))).toEqual([]);
  });
});
