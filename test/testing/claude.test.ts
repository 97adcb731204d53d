import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { agent } from "../../src/flows/agent.ts";
import { flow } from "../../src/flows/flow.ts";
import { sleep } from "../../src/flows/sleep.ts";
import { openTestEngine } from "../../src/testing/testing.ts";

const mend = flow("mend", async () => {
  const { text, toolCalls } = await agent("Mend the test", { name: "mend", tools: ["Edit"], retries: 0 });
  await sleep("1d");
  return `${text} ${toolCalls}`;
});

test("agents run a fake Claude Code as a real process, and its use is counted", async () => {
  await using t = openTestEngine({
    flows: [mend],
    claude: {
      runs: [{ turns: [{ tools: [{ name: "Edit" }] }, { text: "mended", inputTokens: 300, outputTokens: 40 }] }],
    },
  });
  const run = await t.run(mend);
  await t.advance("1d");
  expect(await run.result()).toBe("mended 1");
  const [call, ...others] = t.claude.calls();
  expect(others).toEqual([]);
  expect(call).toMatchObject({ stdin: "Mend the test", tools: [{ name: "Edit", refusal: null }] });
  expect(call?.env["SAVEPOINT_PARENT_EXECUTION_ID"]).toBe(run.executionId);
  expect(await run.usage()).toMatchObject({ toolCalls: 1, turns: 2, outputTokens: 60 });
});

test("a crash ends the agent's process, and the next one goes on in its session", async () => {
  await using t = openTestEngine({
    flows: [mend],
    claude: { runs: [{ turns: [{ text: "begun" }], hangs: true }, { turns: [{ text: "mended" }] }] },
    patience: "5s",
  });
  const run = await t.run(mend);
  while (t.claude.calls().length === 0) await pause(5);
  await pause(100);
  await t.crash();
  await t.advance("1d");
  expect(await run.result()).toBe("mended 0");
  const [first, second] = t.claude.calls();
  expect(second).toMatchObject({ sessionId: first?.sessionId, isResumed: true });
  expect(() => process.kill(first?.pid ?? 0, 0)).toThrow();
});

test("an agent that the test does not fake is not started", async () => {
  await using t = openTestEngine({ flows: [mend] });
  const run = await t.run(mend);
  await expect(run.result()).rejects.toMatchObject({
    failure: { message: expect.stringContaining("Claude Code, which the test does not fake") },
  });
  expect(() => t.claude).toThrow(/no fake Claude Code/);
});
