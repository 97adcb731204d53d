import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isProcessAlive, processStart } from "../../src/processes/identity.ts";
import { endMarked } from "../../src/processes/marked.ts";
import { dist, exit, kill, onlyWorker, result, run, TestProject, until } from "./project.ts";

let project: TestProject;
let pids: number[];
beforeEach(() => {
  project = new TestProject();
  pids = [];
});
afterEach(async () => {
  for (const pid of pids) kill(-pid, "SIGKILL");
  await project.close();
});

const first = "SAVEPOINT_PARENT_EXECUTION_ID";
const second = "SAVEPOINT_PARENT_CHECKPOINT";
const isAlive = (pid: number) => isProcessAlive(pid, null) && processStart(pid) !== null;

/** A process with a session and a parent of its own, as a daemon is. */
async function daemon(env: NodeJS.ProcessEnv, script = "exec sleep 1000"): Promise<number> {
  const file = `pid${pids.length}`;
  const starter = join(project.root, `${file}.mjs`);
  const inner = `echo $$ > ${project.path(file)}; ${script}`;
  project.write(
    `${file}.mjs`,
    `import { spawn } from "node:child_process";
spawn("setsid", ["sh", "-c", ${JSON.stringify(inner)}], { stdio: "ignore", detached: true }).unref();`,
  );
  await exit(project.node([starter], env));
  const pid = Number(await until("the daemon", () => project.lines(file)[0]));
  pids.push(pid);
  return pid;
}

describe.skipIf(process.platform !== "linux")("what bears marks in its environment", () => {
  test("is ended wherever it went, and nothing else is", async () => {
    const marked = await daemon({ [first]: "mine", [second]: "3" });
    const others = [
      await daemon({ [first]: "another", [second]: "3" }),
      await daemon({ [first]: "mine" }),
      await daemon({ [first]: "mine, or so", [second]: "3" }),
      await daemon({ [`X${first}`]: "mine", [second]: "3" }),
    ];
    expect(await endMarked({ [first]: "mine", [second]: undefined })).toEqual([]);
    expect(isAlive(marked)).toBe(false);
    expect(others.filter(isAlive)).toEqual(others);
  });

  test("is asked first, and killed with all that it starts when it does not go", async () => {
    const env = { [first]: "mine" };
    const loop = "while :; do sleep 0.01; done";
    const polite = await daemon(
      env,
      `trap 'echo bye > ${project.path("bye")}; exit' TERM; echo up > ${project.path("up")}; ${loop}`,
    );
    const again = `(setsid sh -c 'echo $$ >> ${project.path("born")}; exec sleep 1000' &)`;
    const stubborn = await daemon(env, `trap '' TERM; while :; do ${again}; sleep 0.05; done`);
    const stopped = await daemon(env);
    kill(stopped, "SIGSTOP");
    await until("both to be up", () => project.lines("up").length > 0 && project.lines("born").length > 2);
    const started = performance.now();
    expect(await endMarked({ [first]: "mine" })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(800);
    expect(project.lines("bye")).toEqual(["bye"]);
    expect([polite, stubborn, stopped, ...project.lines("born").map(Number)].filter(isAlive)).toEqual([]);
  });

  test("is spared where it is the one that looks, or above it", async () => {
    const marked = new URL("processes/marked.js", dist).href;
    const looker = project.write(
      "looker.mjs",
      `import { endMarked } from ${JSON.stringify(marked)};
import { writeFileSync } from "node:fs";
const left = await endMarked({ ${first}: "mine" });
writeFileSync(${JSON.stringify(project.path("left"))}, JSON.stringify(left) + "\\n");`,
    );
    const beside = await daemon({ [first]: "mine" });
    const above = await daemon({ [first]: "mine" }, `${process.execPath} ${looker}; sleep 1000`);
    await until("its look", () => project.lines("left").length === 1);
    expect(project.lines("left")).toEqual(["[]"]);
    expect([beside, above].filter(isAlive)).toEqual([above]);
  });

  test("is no worker that something marked has started, and no process of such a worker", async () => {
    project.flow(
      "apart",
      `export const apart = flow("apart", async (file: string) => checkpoint("note", async () => {
  note(file, String(process.pid));
  await gate(file + ".go");
})(), { isolate: true });`,
    );
    const marks = { [first]: "00000000-0000-7000-8000-000000000000", [second]: "0", SAVEPOINT_PROGRAM_RUN: "mine" };
    const app = await project.open();
    const server = await project.serve(marks);
    const worker = await onlyWorker(app);
    const execution = await run(app, "flows/apart.ts:apart", project.path("at-work"));
    const isolated = Number(await until("the process", () => project.lines("at-work")[0]));
    for (const pid of [worker.pid, isolated]) {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      expect(environment.filter((one) => one.startsWith("SAVEPOINT_PARENT_"))).toEqual([]);
    }
    expect(await endMarked({ [first]: marks[first], SAVEPOINT_PROGRAM_RUN: "mine" })).toEqual([]);
    await exit(server);
    expect([worker.pid, isolated].filter(isAlive)).toEqual([worker.pid, isolated]);
    project.write("at-work.go", "");
    await result(app, execution.id);
  });
});
