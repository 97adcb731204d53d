import { flow, llm } from "savepoint";
import { byContent, failing, fromSchema, mockModel, openTestEngine, withUsage } from "savepoint/testing";
import { expect, test } from "vitest";
import { z } from "zod";

const ticket = z.object({ team: z.enum(["billing", "engineering"]), summary: z.string() });

const triage = flow(
  "triage",
  async (text: string) => {
    const { team, summary } = await llm(`Whose is this?\n${text}`, { name: "classify", model: "fast", output: ticket });
    const reply = await llm(`Write an answer to: ${summary}`, { name: "reply", model: "strong" });
    return { team, reply };
  },
  { guardrails: { maxCostUsd: 0.5 } },
);

test("a ticket is classified by what it says, and answered", async () => {
  const fast = mockModel(
    byContent({
      refund: { team: "billing", summary: "wants money" },
      crash: fromSchema({ team: "engineering" }),
    }),
  );
  const strong = mockModel(({ prompt }) => `Dear customer (${prompt.length} characters)`);
  await using t = openTestEngine({ flows: [triage], model: { fast, strong } });

  expect(await (await t.run(triage, "I want a refund")).result()).toMatchObject({ team: "billing" });
  expect(await (await t.run(triage, "The app crashes")).result()).toMatchObject({ team: "engineering" });
  expect(strong.lastRequest.prompt).toBe("Write an answer to: mock_summary");
});

test("a busy provider is asked again when it says so", async () => {
  const model = mockModel([failing({ status: 429, retryAfter: 30 }), fromSchema(), "Dear customer"]);
  await using t = openTestEngine({ flows: [triage], model });
  const run = await t.run(triage, "hello");
  await t.advance("29s");
  expect(model.requests).toHaveLength(1);
  await t.advance("1s");
  expect((await run.result()).reply).toBe("Dear customer");
});

test("a ticket costs no more than half a dollar", async () => {
  const model = mockModel(withUsage(fromSchema(), { costUsd: 0.6 }));
  await using t = openTestEngine({ flows: [triage], model });
  const run = await t.run(triage, "hello");
  expect(await run.status()).toBe("failed");
  expect(await run.failure()).toMatchObject({ origin: "guardrail", guardrail: { limit: "max_cost_usd" } });
  expect(model.requests).toHaveLength(1);
});
