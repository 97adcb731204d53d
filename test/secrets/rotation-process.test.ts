import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openProjectKeys } from "../../src/secrets/project-keys.ts";
import { json, savepoint } from "../cli/command.ts";
import { dist, exit, isRunning, reached, result, run, TestProject, waits } from "../processes/project.ts";

const main = fileURLToPath(new URL("cli/main.js", dist));
const dieAt = fileURLToPath(new URL("./fixtures/die-at.ts", import.meta.url));
const values = { ONE: "the-first-value", TWO: "the-second-value" };

const reader = `import { checkpoint, flow, secret, wait } from "savepoint";
const read = checkpoint("read", async () => (await secret("one", "ONE")).length);
export const reader = flow("reader", async () => [await read(), await wait({ name: "go" }), await read()]);
`;

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

async function withSecrets(): Promise<void> {
  const app = await project.open();
  for (const name of ["one", "two"]) app.secrets.create({ name, values, visibility: "shared" });
  app.secrets.remove("two");
  await app.close();
}

/** What a new process finds; its data key stands for every hash that is on the record. */
async function found() {
  const app = await project.open();
  const { userFolder: folder, env } = app.config;
  const keys = openProjectKeys(() => app.store.settings, { folder, env, keyStore: "file" })();
  const is = { one: app.secrets.reveal("one"), hidden: app.store.protection.redact("the-second-value") };
  await app.close();
  return { ...is, dataKey: keys.dataKey.toString("hex") };
}

describe("a rotation", () => {
  test("that is killed at any step leaves a project that opens, and the next one completes", async () => {
    await withSecrets();
    const before = await found();
    expect(before).toMatchObject({ one: values, hidden: expect.stringContaining("redacted") });
    let killed = 0;
    for (let step = 1; ; step++) {
      const args = ["--import", dieAt, main, "secrets", "rotate", "--master"];
      const child = project.node(args, { DIE_AT: String(step) });
      const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
      expect(await found()).toEqual(before);
      if (code === 0) break;
      expect({ step, signal }).toEqual({ step, signal: "SIGKILL" });
      killed += 1;
    }
    // Both keys by name, the current one, the transaction, the secrets and the settings.
    expect(killed).toBeGreaterThan(10);
  });

  test("at the same time as others loses no key, in projects that share the master key", async () => {
    await withSecrets();
    const other = new TestProject({ SAVEPOINT_CONFIG_HOME: String(project.env["SAVEPOINT_CONFIG_HOME"]) });
    try {
      const app = await other.open();
      app.secrets.create({ name: "one", values, visibility: "shared" });
      const before = await found();
      const rotations = [project, other, project, other, project, other].map((one) =>
        savepoint(one, ["secrets", "rotate", "--master"]),
      );
      for (const { code, stderr } of await Promise.all(rotations)) expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(await found()).toEqual(before);
      expect(app.secrets.reveal("one")).toEqual(values);
      expect((await other.open()).secrets.reveal("one")).toEqual(values);
    } finally {
      await other.close();
    }
  });

  test("is noticed by a worker that runs: executions go on and read the secret again", async () => {
    project.write("flows/reader.ts", reader);
    await withSecrets();
    const worker = project.worker();
    const app = await project.open();
    const { id } = await run(app, "reader");
    await waits(app, id);
    for (const flags of [[], ["--master"]]) {
      expect((await savepoint(project, ["secrets", "rotate", ...flags])).code).toBe(0);
    }
    await json(project, ["answer", id, "true"]);
    expect(await result(app, id)).toEqual([15, true, 15]);
    expect(isRunning(worker)).toBe(true);
    expect(app.stack.workers().map(({ pid }) => pid)).toEqual([worker.pid]);
  });

  test("to a key that a running worker was not given holds executions up until one has it", async () => {
    project.write("flows/reader.ts", reader);
    const before = { SAVEPOINT_MASTER_KEY: Buffer.alloc(32, 1).toString("base64") };
    const after = { SAVEPOINT_MASTER_KEY: Buffer.alloc(32, 2).toString("base64") };
    await savepoint(project, ["secrets", "set", "one", "ONE"], { input: values.ONE, env: before });
    const worker = project.worker(before);
    const app = await project.open({ env: { ...project.env, ...after } });
    const { id } = await run(await project.open({ env: { ...project.env, ...before } }), "reader");
    await waits(app, id);
    const flags = ["--new-master-key-from-env", "NEW_KEY"];
    const env = { ...before, NEW_KEY: after.SAVEPOINT_MASTER_KEY };
    expect((await savepoint(project, ["secrets", "rotate", ...flags], { env })).code).toBe(0);
    await app.engine.answer(id, { value: true });
    await reached(app, id, ({ blockedReason }) => blockedReason?.includes("master key") === true);
    worker.kill("SIGTERM");
    await exit(worker);
    project.worker(after);
    expect(await result(app, id)).toEqual([15, true, 15]);
  });
});

describe("savepoint secrets rotate", () => {
  test("says what was done and never a key", async () => {
    await withSecrets();
    const plain = await savepoint(project, ["secrets", "rotate"]);
    expect(plain).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✓ 2 secrets are sealed with a new key/) });
    const answer = await json(project, ["secrets", "rotate", "--master"]);
    expect(answer).toEqual({ command: "secrets.rotate", item: { secrets: 2, master_key: "replaced" } });
    const text = await savepoint(project, ["secrets", "rotate", "--master"]);
    expect(text.stderr).toContain("Back up");
    const key =
      project.lines(`../${String(project.env["SAVEPOINT_CONFIG_HOME"]).split("/").pop()}/master.key`)[0] ?? "";
    expect(key).toHaveLength(44);
    expect(text.stdout + text.stderr + plain.stderr).not.toContain(key);
  });

  test("explains what to do where the environment gives the master key", async () => {
    const old = Buffer.alloc(32, 1).toString("base64");
    const next = Buffer.alloc(32, 2).toString("base64");
    const env = { SAVEPOINT_MASTER_KEY: old };
    await savepoint(project, ["secrets", "set", "one", "ONE"], { input: "the-first-value", env });
    const refused = await savepoint(project, ["secrets", "rotate", "--master"], { env });
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("--new-master-key-from-env NEW_KEY");
    const flags = ["--new-master-key-from-env", "NEW_KEY"];
    const rotated = await savepoint(project, ["secrets", "rotate", ...flags], { env: { ...env, NEW_KEY: next } });
    expect(rotated).toMatchObject({ code: 0, stderr: expect.stringContaining("restart") });
    const shown = await savepoint(project, ["secrets", "show", "one", "--reveal", "ONE"], {
      env: { SAVEPOINT_MASTER_KEY: next },
    });
    expect(shown.stdout).toBe("the-first-value");
    const told = refused.stderr + rotated.stdout + rotated.stderr;
    for (const key of [old, next]) expect(told).not.toContain(key);
  });
});
