import { checkpoint, flow, wait } from "savepoint";

const draft = checkpoint("draft", async (topic: string) => `Draft for ${topic}`);

export const waiting = flow("waiting", async ({ topic, days }: { topic: string; days: number | null }) => {
  const text = await draft(topic);
  const timeout = days === null ? {} : { timeout: `${days}d` };
  await wait({ name: "approve", question: "Publish it?", ...timeout });
  return text;
});
