import { randomBytes } from "node:crypto";
import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { eventsOf, kill, onlyWorker, result, run, TestProject, until, waits } from "./project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

const asks = (text: string) => `
  const say = checkpoint("say", async () => ${JSON.stringify(text)});
  export const asks = flow("asks", async () => {
    const answer = await wait({ name: "go" });
    return [answer, await say()];
  });`;

const blockedReason = (app: App, id: string) =>
  until("it to be blocked", () => app.store.executions.byId(id)?.blockedReason);

describe("an execution whose file is edited while it waits", () => {
  test("is answered by another process and completes with the old code; a replay may use the new one", async () => {
    project.flow("asks", asks("old"));
    const server = await project.serve();
    const app = await project.open();
    const execution = await run(app, "asks");
    await waits(app, execution.id);
    // Nothing of the old code is left in memory.
    server.kill("SIGKILL");
    kill((await onlyWorker(app)).pid, "SIGKILL");
    project.flow("asks", asks("new"));
    await project.serve();
    const other = await project.open();
    await other.engine.answer(execution.id, { value: 7 });
    expect(await result(app, execution.id)).toEqual([7, "old"]);
    const current = (await other.code.resolve("asks")).version;
    expect(current.hash).not.toBe(execution.version);
    for (const [version, text] of [
      [current, "new"],
      [other.describeVersion(execution.version), "old"],
    ] as const) {
      const { hash, checkpoints } = version ?? current;
      const replayed = await other.engine.replay(execution.id, { version: { hash, checkpoints }, timeoutMs: null });
      const { id } = replayed.execution ?? execution;
      await waits(other, id);
      await other.engine.answer(id, { value: 8 });
      expect(await result(other, id)).toEqual([8, text]);
    }
  });
});

describe("an execution that cannot go on", () => {
  test("for want of its version says so, and goes on when the version is back", async () => {
    project.flow("asks", asks("text"));
    const before = project.worker();
    const app = await project.open();
    const first = await run(app, "asks");
    await waits(app, first.id);
    before.kill("SIGKILL");
    project.worker();
    const folder = project.path(".savepoint/versions");
    const [file] = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
    renameSync(`${folder}/${file}`, project.path("aside.mjs"));
    await app.engine.answer(first.id, { value: 1 });
    expect(await blockedReason(app, first.id)).toMatch(/^not_found: The version \w{12} of flows\/asks\.ts is missing/);
    // It is tried again and again, and leaves one event of it.
    await until("a second try", () => (app.store.executions.byId(first.id)?.epoch ?? 0) >= 3);
    expect(app.store.executions.byId(first.id)?.blockedReason).not.toBeNull();
    renameSync(project.path("aside.mjs"), `${folder}/${file}`);
    expect(await result(app, first.id)).toEqual([1, "text"]);
    expect(app.store.executions.byId(first.id)?.blockedReason).toBeNull();
    expect(eventsOf(app, first).filter((type) => type === "execution_blocked")).toHaveLength(1);
    expect(eventsOf(app, first).filter((type) => type === "execution_started")).toHaveLength(3);
  });

  test.each(["is missing", "is another one"])(
    "while the master key %s says so, can be read, and goes on when it is back",
    async (how) => {
      project.flow("asks", asks("text"));
      const before = project.worker();
      const app = await project.open();
      const execution = await run(app, "asks");
      await waits(app, execution.id);
      before.kill("SIGKILL");
      const path = `${project.env["SAVEPOINT_CONFIG_HOME"]}/master.key`;
      renameSync(path, project.path("aside.key"));
      if (how === "is another one") writeFileSync(path, randomBytes(32).toString("base64"));
      project.worker();
      const reader = await project.open();
      await reader.engine.answer(execution.id, { value: 2 });
      expect(await blockedReason(reader, execution.id)).toMatch(/^unavailable: the master key/);
      expect(reader.store.journal.load(execution.seq)).toHaveLength(1);
      renameSync(project.path("aside.key"), path);
      expect(await result(reader, execution.id)).toEqual([2, "text"]);
    },
  );
});
