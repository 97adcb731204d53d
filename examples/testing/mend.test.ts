import { agent, flow } from "savepoint";
import { openTestEngine } from "savepoint/testing";
import { expect, test } from "vitest";

const mend = flow("mend", async (file: string) => {
  const { text } = await agent(`Mend the test in ${file}`, { name: "mend", guardrails: { maxToolCalls: 2 } });
  return text;
});

test("Claude Code gets the file, and no more than two tool calls", async () => {
  const tools = [{ name: "Read" }, { name: "Edit" }, { name: "Bash" }];
  await using t = openTestEngine({ flows: [mend], claude: { runs: [{ turns: [{ tools }, { text: "mended" }] }] } });
  const run = await t.run(mend, "parse.test.ts");
  await run.settled();

  const [call] = t.claude.calls();
  expect(call?.stdin).toContain("parse.test.ts");
  expect(call?.tools.filter(({ refusal }) => refusal === null)).toHaveLength(2);
});
