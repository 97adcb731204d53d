import { checkpoint, flow, sleep, wait } from "savepoint";
import { openTestEngine } from "savepoint/testing";
import { expect, test } from "vitest";
import { z } from "zod";

const draft = checkpoint("draft", async (topic: string) => `Five facts about ${topic}.`);
const publish = checkpoint("publish", async (text: string) => `published: ${text}`);

const review = flow("review", async ({ topic }: { topic: string }) => {
  const text = await draft(topic);
  const approved = await wait({
    name: "approve",
    question: `Publish "${text}"?`,
    schema: z.boolean(),
    timeout: "3d",
    onTimeout: { value: false },
  });
  if (!approved) return "dropped";
  await sleep("12h");
  return publish(text);
});

test("what is approved is published twelve hours later", async () => {
  await using t = openTestEngine({ flows: [review], now: "2030-05-01T09:00:00Z" });
  const run = await t.run(review, { topic: "otters" });

  const asked = await run.waitFor("approve");
  expect(asked.question).toContain("Five facts about otters.");
  await run.answer(true);

  await t.advance("11h");
  expect(await run.status()).toBe("waiting");
  await t.advance("1h");
  expect(await run.result()).toBe("published: Five facts about otters.");
});

test("what nobody approves is dropped after three days", async () => {
  await using t = openTestEngine({ flows: [review], autoAdvance: true });
  const run = await t.run(review, { topic: "otters" });
  expect(await run.result()).toBe("dropped");
});
