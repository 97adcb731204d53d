import { expect, test } from "vitest";
import { mockModel, openTestEngine } from "../../src/testing/testing.ts";
import { flowOf } from "../helpers/definitions.ts";

const text = `
inputs: { rows: [a, b] }
steps:
  - { id: batch, type: batch_llm, items: "{{ rows }}", prompt: "About {{ item }}" }
  - { id: work, type: agent, prompt: "Do it" }
  - { id: last, type: set, value: "{{ steps.work.output.result }}: {{ steps.batch.output | map: 'output' | join: ' ' }}" }
`;

test("rows and agents take what a replay says in the form of their outputs", async () => {
  const flow = Object.assign(() => {}, flowOf(text, { path: "overridden.yaml" }));
  await using t = openTestEngine({
    flows: [flow],
    model: mockModel(({ prompt }) => `told ${prompt}`),
    claude: { runs: [{}] },
  });
  const run = await t.run(flow as never, {} as never);
  expect(await run.result()).toBe("done: told About a told About b");
  const overrides = {
    "checkpoint.batch[1]": "B",
    "checkpoint.work": { result: "over", turns: 1, tool_calls: 0, session_id: null },
  };
  const again = await run.replay({ overrides });
  expect(await again.result()).toBe("over: told About a B");
});
