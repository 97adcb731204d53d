import { TestProject } from "../processes/project.ts";

/** A project whose flows do what the command line has to show: work, ask, fail, print, sleep. */
export function flowsProject(env: NodeJS.ProcessEnv = {}): TestProject {
  const project = new TestProject(env);
  project.write(
    "flows/review.ts",
    `import { checkpoint, flow, log, progress, save, wait } from "savepoint";
import { z } from "zod";
const draft = checkpoint("draft", async (topic: string) => {
  progress({ stage: "words", current: 1, total: 2 });
  console.log("drafting " + topic);
  return "Draft for " + topic;
});
export const review = flow("review", async ({ topic }: { topic: string }) => {
  const text = await draft(topic);
  await save("report", { text });
  const approved = await wait({ name: "approve", question: "Publish it?", schema: z.boolean() });
  return approved ? text : "Rejected";
}, { input: z.strictObject({ topic: z.string(), words: z.number().optional() }) });

export const form = flow("form", () => wait({
  name: "details",
  schema: z.strictObject({
    publish: z.boolean(),
    tone: z.enum(["dry", "warm"]),
    stars: z.int().min(1).max(5),
    comment: z.string().min(3).optional(),
    tags: z.array(z.enum(["a", "b"])).optional(),
    more: z.record(z.string(), z.number()).optional(),
  }),
}));
const choice = { type: "string", oneOf: [{ const: "publish", title: "Publish it" }, { const: "revise", title: "Send it back" }] };
const options = { anyOf: [choice, { type: "object", properties: { option: choice, comment: { type: "string" } }, required: ["option"] }] };
export const choose = flow("choose", () => wait({ name: "review", question: "What now?", schema: options }));
const draft60 = Array.from({ length: 60 }, (_, at) => "- line " + at + " of it").join("\\n");
export const long = flow("long", async () => ({
  review: await wait({ name: "review", question: draft60 + "\\n\\nPublish all this?", schema: options }),
  sure: await wait({ name: "sure", question: draft60 + "\\n\\nAre you sure?", schema: z.boolean() }),
  why: await wait({ name: "why", question: "word ".repeat(600), schema: z.string() }),
}));
export const again = flow("again", async () => [
  await wait({ name: "again", question: "Again?" }), await wait({ name: "again", question: "Again?" }),
]);
export const go = flow("go", async () => { await wait({ name: "go" }); return "gone"; });
`,
  );
  project.flow(
    "others",
    `export const hello = flow("hello", async (input: unknown) => ({ input: input ?? null }));
export const fails = flow("fails", async () => { throw new Error("broken \\x1b]0;owned\\x07\\x1b[2J"); });
const held = checkpoint("held", async () => { await gate("gate"); console.log("through"); return 1; });
export const gated = flow("gated", async () => held());
const asks = flow("asks", async () => wait({ name: "approve", question: "May the child go on?" }));
export const asksBelow = flow("asksBelow", async () => (await asks.run(undefined)).result());
export const talks = flow("talks", async () => { console.log("\\x1b[31mred\\x1b[0m and \\x1b[2J steering"); console.warn("mind"); });
`,
  );
  return project;
}
