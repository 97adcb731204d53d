import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failure, logsOf, onlyWorker, result, run, TestProject, until, waits } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

describe("what user code prints", () => {
  test("ends in the logs of its own execution, with its level, and nowhere else", async () => {
    project.flow(
      "talks",
      `console.log("top level");
       const speak = checkpoint("speak", async (dir: string, who: string) => {
         console.info("checkpoint %s", who, { n: 1 });
         await gate(dir + "/gate-" + who);
         console.debug("debug " + who);
         console.warn("warn " + who);
         console.error("error " + who);
         process.stdout.write("raw " + who + "\\n");
         setTimeout(() => process.stderr.write("raw error " + who), 1);
         await new Promise((resolve) => setTimeout(resolve, 30));
         console.table([{ who }]);
       });
       export const talks = flow("talks", async ({ dir, who }: { dir: string; who: string }) => {
         console.log("flow " + who);
         await speak(dir, who);
         console.log("after " + who);
       });`,
    );
    const worker = project.worker();
    let printed = "";
    for (const stream of [worker.stdout, worker.stderr])
      stream?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    const app = await project.open();
    const a = await run(app, "talks", { dir: project.root, who: "A" });
    const b = await run(app, "talks", { dir: project.root, who: "B" });
    await until("both to speak", () =>
      [a, b].every((one) => logsOf(app, one).some(({ message }) => message.startsWith("checkpoint"))),
    );
    project.write("gate-B", "");
    project.write("gate-A", "");
    for (const [execution, who] of [
      [a, "A"],
      [b, "B"],
    ] as const) {
      await result(app, execution.id);
      const lines = logsOf(app, execution).filter(({ message }) => message !== "top level");
      expect(lines.map(({ level, source, message }) => `${level} ${source} ${message}`)).toEqual([
        `info flow flow ${who}`,
        `info checkpoint checkpoint ${who} { n: 1 }`,
        `debug checkpoint debug ${who}`,
        `warn checkpoint warn ${who}`,
        `error checkpoint error ${who}`,
        `info checkpoint raw ${who}`,
        `warn checkpoint raw error ${who}`,
        expect.stringMatching(new RegExp(`^info checkpoint [\\s\\S]*who[\\s\\S]*'${who}'`)),
        `info flow after ${who}`,
      ]);
    }
    const all = [...logsOf(app, a), ...logsOf(app, b)].filter(({ message }) => message === "top level");
    expect(all).toEqual([{ level: "info", source: "flow", message: "top level" }]);
    expect(printed).not.toMatch(/flow A|raw|checkpoint A|top level/);
  });

  test("in flow scope is kept once, however often the flow wakes", async () => {
    project.flow(
      "wakes",
      `export const wakes = flow("wakes", async () => {
         console.log("one");
         await wait({ name: "a" });
         console.log("two");
         await wait({ name: "b" });
         console.log("three");
       });`,
    );
    project.worker();
    const app = await project.open();
    const execution = await run(app, "wakes");
    for (const name of ["a", "b"]) {
      await until(`wait ${name}`, () =>
        app.store.journal.pendingWaits(execution.seq).some((wait) => wait.name === name),
      );
      await waits(app, execution.id);
      await app.engine.answer(execution.id, { value: null });
    }
    await result(app, execution.id);
    expect(logsOf(app, execution).map(({ message }) => message)).toEqual(["one", "two", "three"]);
  });
});

describe("user code that would end the process", () => {
  const misdeeds = `
    const never = () => new Promise(() => {});
    const inCheckpoint: Record<string, () => unknown> = {
      exit: () => process.exit(3),
      abort: () => process.abort(),
      lateExit: () => { setTimeout(() => process.exit(4), 5); return never(); },
      timer: () => { setTimeout(() => { throw new Error("from a timer"); }, 5); return never(); },
      rejection: () => { void Promise.reject(new Error("nobody awaits")); return never(); },
      text: () => { throw "just text"; },
      nothing: () => { throw undefined; },
      object: () => { throw { code: 7 }; },
      emitter: async () => { const { EventEmitter } = await import("node:events"); new EventEmitter().emit("error", new Error("emitted")); },
      error: () => { throw new Error("an error"); },
    };
    const act = checkpoint("act", async (what: string) => inCheckpoint[what]?.());
    export const acts = flow("acts", (what: string) => act(what));
    export const body = flow("body", async (what: string) => inCheckpoint[what]?.());
    const steady = checkpoint("steady", async (dir: string) => { await gate(dir + "/gate"); return process.pid; });
    export const steadily = flow("steadily", (dir: string) => steady(dir));`;

  test("fails its own checkpoint or execution, and the others go on in the same process", async () => {
    project.flow("misdeeds", misdeeds);
    const worker = project.worker();
    const app = await project.open();
    const steady = await run(app, "flows/misdeeds.ts:steadily", project.root);
    const expected: Record<string, RegExp> = {
      exit: /process\.exit\(3\) was called: return from the flow or throw/,
      abort: /process\.abort\(\) was called/,
      lateExit: /process\.exit\(4\) was called/,
      timer: /^from a timer$/,
      rejection: /^nobody awaits$/,
      text: /^just text$/,
      nothing: /^undefined$/,
      object: /^\{"code":7\}$/,
      emitter: /^emitted$/,
      error: /^an error$/,
    };
    for (const target of ["flows/misdeeds.ts:acts", "flows/misdeeds.ts:body"]) {
      const runs = await Promise.all(
        Object.keys(expected).map(async (what) => ({ what, execution: await run(app, target, what) })),
      );
      for (const { what, execution } of runs) {
        const failed = await failure(app, execution.id);
        const message = target.endsWith("acts") ? failed.message.replace(/^.*?act[^:]*: /, "") : failed.message;
        expect(message, `${target} ${what}`).toMatch(expected[what] ?? /^$/);
        if (target.endsWith("acts"))
          expect(failed).toMatchObject({ code: "checkpoint_failed", checkpoint: "act", origin: "user_code" });
      }
    }
    project.write("gate", "");
    expect(await result(app, steady.id)).toBe(worker.pid);
    expect((await onlyWorker(app)).pid).toBe(worker.pid);
  });

  test("at the top level of its file, in the worker alone, blocks its executions with the reason", async () => {
    project.flow(
      "leaves",
      `if (process.argv.includes("worker")) process.exit(5);\nexport const leaves = flow("leaves", async () => 1);`,
    );
    project.flow("quick", `export const quick = flow("quick", async () => process.pid);`);
    const worker = project.worker();
    const app = await project.open();
    const execution = await run(app, "leaves");
    const blocked = await until("it to be blocked", () => app.store.executions.byId(execution.id)?.blockedReason);
    expect(blocked).toMatch(/process\.exit\(5\) was called/);
    const quick = await run(app, "quick");
    expect(await result(app, quick.id)).toBe(worker.pid);
    await app.engine.cancel(execution.id);
  });

  test("at the top level everywhere is refused before anything is on the record", async () => {
    project.flow("leaves", `process.exit(5);\nexport const leaves = flow("leaves", async () => 1);`);
    const app = await project.open();
    await expect(run(app, "flows/leaves.ts:leaves")).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(/exit/),
    });
    expect(app.store.executions.nextWakeAt()).toBeNull();
  });
});

describe("the stack of a failure", () => {
  test("names the author's file and line", async () => {
    project.flow(
      "fails",
      `interface Padding { types: "vanish when this is compiled" }
       function deep(): never { throw new Error("here"); } // line 4
       const act = checkpoint("act", async () => { await 1; deep(); });
       export const fails = flow("fails", () => act());
       export const body = flow("body", async () => { await 1; deep(); });`,
    );
    project.worker();
    const app = await project.open();
    const inBody = await failure(app, (await run(app, "flows/fails.ts:body")).id);
    expect(inBody.stack).toMatch(/at deep \((file:\/\/)?[^)]*\/flows\/fails\.ts:4:\d+\)/);
    const execution = await run(app, "flows/fails.ts:fails");
    expect((await failure(app, execution.id)).stack).toMatch(
      /^CheckpointFailed: checkpoint act failed: here\n {4}at deep \((file:\/\/)?[^)]*\/flows\/fails\.ts:4:\d+\)/,
    );
    const [entry] = app.store.journal.load(execution.seq);
    expect(entry?.failure?.stack).toMatch(/at deep \((file:\/\/)?[^)]*\/flows\/fails\.ts:4:\d+\)/);
    expect(entry?.failure?.stack).not.toMatch(/\.savepoint\/versions|checkpoint-run|node:internal/);
  });
});
