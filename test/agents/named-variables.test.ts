import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callTool, connect } from "../mcp/client.ts";
import { ended, run, TestProject } from "../processes/project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

test("what an agent repeats of a credential in a variable that it was given is neither stored nor shown", async () => {
  const token = "tok-4f1c2be09a7d";
  project.write(
    "flows/asking.ts",
    `import { agent, flow } from "savepoint";
export const asking = flow("asking", async () =>
  (await agent("go", { command: ["sh", "-c", "echo said $DEPLOY_TOKEN in $PLACE"], env: ["DEPLOY_TOKEN", "PLACE"] })).text);
`,
  );
  const app = await project.open();
  project.worker({ DEPLOY_TOKEN: token, PLACE: "the-place-itself" });
  const { id } = await run(app, "flows/asking.ts:asking");
  await ended(app, id);
  const client = await connect(app);
  const { structured } = await callTool(client, "executions_get", { execution_id: id, detail: "full" });
  await client.close();
  expect(structured).toMatchObject({ status: "completed" });
  expect(JSON.stringify(structured)).not.toContain(token);
  expect(JSON.stringify(structured)).toContain("the-place-itself");
  const state = project.path(".savepoint");
  const files = readdirSync(state, { recursive: true, encoding: "utf8" }).map((name) => join(state, name));
  const holding = files.filter((path) => statSync(path).isFile() && readFileSync(path).includes(token));
  expect(holding).toEqual([]);
});
