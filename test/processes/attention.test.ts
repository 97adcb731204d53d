import { readFileSync, rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onlyWorker, result, run, TestProject, until, waits } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

const rounds = 15;
const asks = `
  const mark = checkpoint("mark", async () => Date.now());
  export const asks = flow("asks", async (dir: string) => {
    const times: number[] = [];
    for (let i = 0; i < ${rounds}; i++) { await wait({ name: "go" + i }); times.push(await mark()); }
    return times;
  });`;

const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

describe("a worker in another process", () => {
  test.each(["by the doorbell", "by polling alone"])("notices answers soon, %s", async (how) => {
    project.flow("asks", asks);
    project.worker();
    const app = await project.open();
    const execution = await run(app, "asks", project.root);
    const answered: number[] = [];
    for (let i = 0; i < rounds; i++) {
      await until("the wait", () =>
        app.store.journal.pendingWaits(execution.seq).some(({ name }) => name === `go${i}`),
      );
      await waits(app, execution.id);
      if (how !== "by the doorbell") rmSync(project.path(".savepoint/doorbell"), { force: true });
      // People answer at any moment, not in step with the polls.
      await delay((i * 7) % 40);
      answered.push(Date.now());
      await app.engine.answer(execution.id, { value: null });
    }
    const continued = (await result(app, execution.id)) as number[];
    const p50 = median(continued.map((at, i) => at - (answered[i] ?? 0)));
    console.info(`answer to continuation in another process, ${how}: p50 ${p50} ms`);
    expect(p50).toBeLessThan(500);
  });

  // What the kernel counts, in ticks of 10 ms; only Linux tells.
  test.skipIf(process.platform !== "linux")("costs next to nothing while it is idle", async () => {
    project.flow("asks", asks);
    project.worker();
    const app = await project.open();
    await waits(app, (await run(app, "asks", project.root)).id);
    const { pid } = await onlyWorker(app);
    const busyMs = () => {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * 10;
    };
    const [before, from] = [busyMs(), performance.now()];
    await delay(3_000);
    const share = (busyMs() - before) / (performance.now() - from);
    console.info(`a worker whose executions wait takes ${(share * 100).toFixed(1)} % of a core`);
    expect(share).toBeLessThan(0.15);
  });
});
