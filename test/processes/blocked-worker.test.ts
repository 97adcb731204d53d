import { afterEach, beforeEach, expect, test } from "vitest";
import { ended, eventsOf, reached, result, run, TestProject, until } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

const flows = `
export const endless = flow("endless", async () => { for (;;); }, { timeout: "3s" });
export const stuck = flow("stuck", async () => { for (;;); });
export const quick = flow("quick", async () => "done");
`;

test("an endless loop is ended at its deadline, and what stood still behind it goes on", async () => {
  project.flow("loops", flows);
  const app = await project.open();
  await project.serve();
  const endless = await run(app, "flows/loops.ts:endless");
  await reached(app, endless.id, ({ status }) => status === "running");
  const quick = await run(app, "flows/loops.ts:quick");
  const { status } = await until(
    "the deadline to hold",
    async () => {
      const found = await app.engine.watch(endless.id, ({ status: now }) => now === "failed", { timeoutMs: 1_000 });
      return found.status === "failed" ? found : undefined;
    },
    40_000,
  );
  expect(status).toBe("failed");
  expect(await result(app, quick.id)).toBe("done");
  // The body that blocked its worker was not run a second time.
  expect(eventsOf(app, endless).filter((type) => type === "execution_failed")).toHaveLength(1);
}, 60_000);

test("cancelling an endless loop gives the worker back to the others", async () => {
  project.flow("loops", flows);
  const app = await project.open();
  await project.serve();
  const stuck = await run(app, "flows/loops.ts:stuck");
  await reached(app, stuck.id, ({ status }) => status === "running");
  const quick = await run(app, "flows/loops.ts:quick");
  await app.engine.cancel(stuck.id);
  expect((await ended(app, stuck.id)).status).toBe("cancelled");
  await until(
    "the other one to complete",
    async () => {
      const found = await app.engine.watch(quick.id, ({ status }) => status === "completed", { timeoutMs: 1_000 });
      return found.status === "completed" ? found : undefined;
    },
    40_000,
  );
}, 60_000);
