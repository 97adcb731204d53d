import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { agent } from "../../src/flows/agent.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { delay, isRunning, until, useAgents } from "../helpers/agents/agents.ts";
import { exit, freeze, kill, result, run as runIn, TestProject } from "../processes/project.ts";

const agents = useAgents();
let seen: number[] = [];
let project: TestProject | undefined;
afterEach(async () => {
  await project?.close();
  project = undefined;
  for (const pid of seen) kill(pid, "SIGKILL");
  seen = [];
});

/** A program that starts one in a session of its own, which nobody asks to end with it; then it does more. */
const leaving = (then: string, name = "left") => [
  "sh",
  "-c",
  `setsid sh -c 'trap "" TERM; echo $$ > ${name}; while :; do sleep 0.02; done' </dev/null >/dev/null 2>&1 & ${then}`,
];
const up = (name = "left") => `while [ ! -s ${name} ]; do sleep 0.01; done`;

async function leftIn(folder: string, name = "left"): Promise<number> {
  const path = join(folder, name);
  await until(() => existsSync(path) && readFileSync(path, "utf8").endsWith("\n"), "what was left");
  const pid = Number(readFileSync(path, "utf8"));
  seen.push(pid);
  return pid;
}

describe.skipIf(process.platform !== "linux")("what an agent has started in a session of its own", () => {
  test("is gone when the agent has ended", async () => {
    const { run, project } = agents.open([]);
    expect((await run("go", { command: leaving(`${up()}; echo done`) })).result).toMatchObject({ text: "done" });
    expect(isRunning(await leftIn(project))).toBe(false);
  });

  test("is gone within two seconds of a deadline, whatever signal it ignores", async () => {
    const { start, project, t } = agents.open([]);
    const id = await start("go", { command: leaving("trap '' TERM; while :; do sleep 0.02; done"), timeout: "1s" });
    const pid = await leftIn(project);
    expect(isRunning(pid)).toBe(true);
    await t.ended(id);
    const ended = performance.now();
    await until(() => !isRunning(pid), "its end");
    expect(performance.now() - ended).toBeLessThan(2_000);
    await until(() => t.store.reader().prepare("SELECT 1 FROM process_groups").all().length === 0, "its record");
  });

  test("is gone when the execution is cancelled", async () => {
    const { start, project, t } = agents.open([]);
    const id = await start("go", { command: leaving("sleep 1000") });
    const pid = await leftIn(project);
    await t.engine.cancel(id);
    await until(() => !isRunning(pid), "its end");
  });

  test("is not that of another agent beside it", async () => {
    const { project } = agents.open([]);
    let pid = 0;
    const both = flow("both", async () =>
      checkpoint("both", async () => {
        const slow = agent("go", { command: leaving(`while [ ! -e over ]; do sleep 0.01; done`, "slow") });
        pid = await leftIn(project, "slow");
        await agent("go", { command: leaving(up("quick"), "quick") });
        const wasRunning = isRunning(pid);
        writeFileSync(join(project, "over"), "");
        await slow;
        return wasRunning;
      })(),
    );
    const { t } = agents.open([], { flows: [both] });
    expect(await t.run(both)).toBe(true);
    expect([pid, await leftIn(project, "quick")].filter(isRunning)).toEqual([]);
  });

  test.each(["SIGKILL", "SIGSTOP"] as const)(
    "is gone before another worker goes on, where the first one got %s",
    async (signal) => {
      const own = new TestProject();
      project = own;
      const command = leaving(`echo begun >> begun; if [ $(wc -l < begun) = 1 ]; then sleep 1000; fi; cat left`);
      own.write(
        "flows/asking.ts",
        `import { agent, flow } from "savepoint";
export const asking = flow("asking", async () => (await agent("go", { command: ${JSON.stringify(command)}, retries: 0 })).text);
`,
      );
      const app = await own.open();
      const worker = own.worker();
      const execution = await runIn(app, "flows/asking.ts:asking");
      const pid = await leftIn(own.root);
      if (signal === "SIGSTOP") await freeze(app, worker.pid ?? 0);
      else worker.kill(signal);
      if (signal === "SIGKILL") await exit(worker);
      await delay(100);
      expect(isRunning(pid)).toBe(true);
      own.worker();
      await until(() => own.lines("begun").length === 2, "the second run");
      expect(isRunning(pid)).toBe(false);
      await result(app, execution.id);
    },
  );
});
