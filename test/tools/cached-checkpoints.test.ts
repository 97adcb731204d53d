import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EventView } from "../../src/tools/event-view.ts";
import { flowFile, type List, ToolProject } from "./project.ts";

const token = "a value that nobody may read";

const lookup = flowFile(`
import { secret } from "savepoint";
const ask = checkpoint("ask", async (topic: string) => ({ topic, token: await secret("vault", "TOKEN"), at: new Date() }));
export const lookup = flow("lookup", async (topic: string) => {
  const { token, at } = await ask(topic);
  return { characters: token.length, at };
}, { cache: true });
`);

let project: ToolProject;
beforeEach(async () => {
  project = new ToolProject({ "flows/lookup.ts": lookup });
  await project.call("secrets_create", { name: "vault", values: { TOKEN: token } });
});
afterEach(() => project.close());

const run = (input: string) => project.call("executions_run", { target: "lookup", input, wait_seconds: 20 });

test("executions_get and executions_events tell what was taken from another execution, and by which code", async () => {
  const first = await run("tea");
  expect(first).toMatchObject({ status: "completed", result: { characters: token.length } });
  const second = await run("tea");
  expect(second.result).toEqual(first.result);
  const get = (detail: string) =>
    project
      .call("executions_get", { execution_id: second.execution_id, detail })
      .then(({ checkpoints }) => checkpoints);
  expect(await get("concise")).toEqual([{ selector: "ask", status: "completed", origin: "cached" }]);
  expect(await get("full")).toMatchObject([{ origin: "cached", attempt: 1, failure: null }]);
  const { items } = await project.call<List<EventView>>("executions_events", { execution_id: second.execution_id });
  expect(items.find(({ type }) => type === "checkpoint_cached")).toMatchObject({
    name: "ask",
    data: { execution_id: first.execution_id },
  });
  // An edit makes another version, which computes its own.
  project.write("flows/lookup.ts", lookup.replace("token.length", "token.length + 1"));
  const third = await run("tea");
  expect(third).toMatchObject({ checkpoints: [{ origin: "executed" }], result: { characters: token.length + 1 } });
});

test("what is kept for others is sealed where it holds a secret, and the key says nothing of the arguments", async () => {
  await run("tea");
  const app = await project.app();
  const rows = app.store.reader().prepare("SELECT key, output FROM cached_outputs").all();
  expect(rows).toEqual([{ key: expect.stringMatching(/^[\w-]{22}$/), output: expect.stringMatching(/^@sealed:/) }]);
  const database = readFileSync(app.store.databasePath, "latin1");
  expect(database).not.toContain(token);
});
