import { checkpoint, flow } from "savepoint";

const draft = checkpoint("draft", async (topic: string) => `Draft for ${topic}`);

export const review = flow("review", async ({ topic }: { topic: string }) => draft(topic));
