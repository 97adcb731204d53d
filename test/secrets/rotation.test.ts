import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type App, openApp } from "../../src/app.ts";
import type { KeyPlace } from "../../src/secrets/key-place.ts";
import { readMasterKeys } from "../../src/secrets/master-key.ts";
import { newMasterKey } from "../../src/secrets/new-master-key.ts";
import { openProjectKeys } from "../../src/secrets/project-keys.ts";
import { openConnection } from "../../src/store/database.ts";
import { migrations } from "../../src/store/migrations/index.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
let home: string;
let apps: App[];
let problems: string[];
beforeEach(() => {
  folder = temporaryFolder();
  home = join(folder.path, "home");
  apps = [];
  problems = [];
});
afterEach(async () => {
  for (const app of apps) await app.close();
  folder.remove();
});

/** A process of its own, as far as keys and the database go. */
async function open(project = "project", env: NodeJS.ProcessEnv = {}): Promise<App> {
  const root = join(folder.path, project);
  mkdirSync(root, { recursive: true });
  const onProblem = (message: string) => void problems.push(message);
  const source = { SAVEPOINT_CONFIG_HOME: home, ...env };
  const app = await openApp({ project: root, env: source, ensureWorker: false, onProblem });
  apps.push(app);
  return app;
}

const value = "ghp_0123456789abcdef";
const create = (app: App, name = "github") =>
  app.secrets.create({ name, values: { TOKEN: value }, visibility: "shared" });
const sealedOf = (app: App) => app.store.secrets.everKnown().map(({ sealed }) => sealed);
const keyFiles = () =>
  readdirSync(home)
    .filter((name) => name.startsWith("master.key"))
    .toSorted();
const place = (env: NodeJS.ProcessEnv = {}): KeyPlace => ({ folder: home, env, keyStore: "file" });
const dataKeyOf = (app: App) => openProjectKeys(() => app.store.settings, place())().dataKey;
const made = { masterKey: { from: "made" } } as const;

describe("a new key for secrets", () => {
  test("seals all of them anew, replaced and deleted ones included, and nothing else changes", async () => {
    const app = await open();
    create(app);
    app.secrets.set({ name: "github", values: { TOKEN: "ghp_the_new_value" }, visibility: "shared" });
    create(app, "deleted");
    app.secrets.remove("deleted");
    const payload = app.store.payloads.store(JSON.stringify({ token: value }));
    const [before, list, dataKey] = [sealedOf(app), app.secrets.list(), dataKeyOf(app)];
    expect(app.store.settings.get("secrets_key")).toBeUndefined();
    expect(app.secrets.rotate({})).toEqual({ secrets: 3, masterKey: "kept", isLogLeft: false });
    expect(sealedOf(app).filter((sealed) => before.includes(sealed))).toEqual([]);
    expect(app.secrets.list()).toEqual(list);
    expect(app.secrets.reveal("github")).toEqual({ TOKEN: "ghp_the_new_value" });
    expect(app.store.protection.redact(value)).toBe("[redacted github.TOKEN]");
    expect(app.store.payloads.read(payload)).toBe(JSON.stringify({ token: value }));
    expect(dataKeyOf(app)).toEqual(dataKey);
  });

  test("leaves nothing on the disk that the old one opens", async () => {
    const app = await open();
    for (let n = 0; n < 40; n++) create(app, `secret-${n}`);
    const before = sealedOf(app);
    app.secrets.rotate({});
    for (const name of readdirSync(app.config.stateFolder).filter((one) => one.startsWith("savepoint.db"))) {
      const file = readFileSync(join(app.config.stateFolder, name), "latin1");
      expect(before.filter((sealed) => file.includes(sealed))).toEqual([]);
    }
  });

  test("is noticed by processes that have the old one opened", async () => {
    const [app, other] = [await open(), await open()];
    create(app);
    expect(other.secrets.read("github", "TOKEN")).toBe(value);
    for (let n = 0; n < 3; n++) {
      app.secrets.rotate(n === 1 ? made : {});
      expect(other.secrets.read("github", "TOKEN")).toBe(value);
      other.secrets.set({ name: "github", values: { [`KEY${n}`]: `value-number-${n}` }, visibility: "shared" });
      expect(app.secrets.reveal("github")).toMatchObject({ [`KEY${n}`]: `value-number-${n}` });
    }
    const third = await open();
    expect(third.store.protection.redact("value-number-2")).toBe("[redacted github.KEY2]");
  });

  test("is not given when a secret cannot be opened: then nothing changes", async () => {
    const app = await open();
    create(app);
    const [sealed = ""] = sealedOf(app);
    app.store.write(() => app.store.secrets.resealAll(() => `${sealed.slice(0, -8)}AAAAAAA=`));
    const before = keyFiles();
    expect(() => app.secrets.rotate(made)).toThrowError(expect.objectContaining({ code: "unavailable" }));
    expect(app.store.settings.get("secrets_key")).toBeUndefined();
    expect(keyFiles()).toEqual(before);
  });

  test("can be given before there is any secret", async () => {
    const app = await open();
    expect(app.secrets.rotate(made)).toMatchObject({ secrets: 0, masterKey: "replaced" });
    create(app);
    expect((await open()).secrets.reveal("github")).toEqual({ TOKEN: value });
  });
});

test("a database of before there were rotations is opened and rotated", async () => {
  const stateFolder = join(folder.path, "project", ".savepoint");
  mkdirSync(stateFolder, { recursive: true });
  const connection = openConnection(join(stateFolder, "savepoint.db"));
  for (const { sql } of migrations.slice(0, 8)) connection.exec(sql);
  connection.pragma("user_version = 8");
  // Written by 0.1.0.
  connection
    .prepare("INSERT INTO settings (key, value) VALUES ('data_key', ?)")
    .run("hTas5FC7G6WkRTsdkFSzmwPuWg5l7+rbL2xVL2ZdV+bQ3KfpQGHYCY87ujlH1FIZjoXYX8vzbiclMQ3c");
  connection
    .prepare(
      "INSERT INTO secrets (name, keys, sealed, visibility, created_at) VALUES ('github', '[\"TOKEN\"]', ?, 'shared', 1)",
    )
    .run("2OGoSj3fMP+4YCVT429/s9paNy3b93KegLrQEKd1NVa5t2vtKzZvmD60Z3qZf25KCKpaGPp5RAfbvu2o");
  connection.close();
  const payload = "@sealed:QOSo9krMz1PluJuoTWJ7cxIPacMpqUXlpzrs0vIvi00qMX1KiR0XmGWHQ6JFb1Ex6Ecf0We2f/vu3k1x";
  const app = await open("project", { SAVEPOINT_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") });
  for (let n = 0; n < 2; n++) {
    expect(app.secrets.list()).toMatchObject([{ name: "github", workflows: null }]);
    expect(app.secrets.reveal("github")).toEqual({ TOKEN: value });
    expect(app.store.payloads.read(payload)).toBe(JSON.stringify({ token: value }));
    app.secrets.rotate({});
  }
});

describe("a new master key", () => {
  test("is kept with the old ones, for their owner only, and seals the project", async () => {
    const app = await open();
    create(app);
    const before = readMasterKeys(place(), false).current;
    const dataKey = dataKeyOf(app);
    expect(app.secrets.rotate(made)).toMatchObject({ masterKey: "replaced" });
    const { current, older } = readMasterKeys(place(), false);
    expect(current).not.toEqual(before);
    expect(older()).toHaveLength(2);
    expect(older()).toEqual(expect.arrayContaining([before, current]));
    for (const name of keyFiles()) expect(statSync(join(home, name)).mode & 0o777, name).toBe(0o600);
    expect(dataKeyOf(app)).toEqual(dataKey);
    // The new one alone is enough.
    for (const name of keyFiles()) if (name !== "master.key") rmSync(join(home, name));
    expect((await open()).secrets.reveal("github")).toEqual({ TOKEN: value });
  });

  test("opens nothing newer for who has a copy of the old one", async () => {
    const app = await open();
    create(app);
    const copied = readMasterKeys(place(), false).current;
    app.secrets.rotate(made);
    const thief = await open("project", { SAVEPOINT_MASTER_KEY: copied.toString("base64") });
    expect(() => thief.secrets.reveal("github")).toThrowError(expect.objectContaining({ code: "unavailable" }));
    expect(thief.store.protection.redact(value)).toMatch(/withheld/);
  });

  test("lets other projects open with the old one, and they change over when they are next opened", async () => {
    const [one, other] = [await open("one"), await open("other")];
    create(other);
    other.secrets.rotate({});
    one.secrets.rotate(made);
    // A process that has it open already goes on; another that opens it, for whatever, makes it change over.
    expect(other.secrets.reveal("github")).toEqual({ TOKEN: value });
    dataKeyOf(await open("other"));
    for (const name of keyFiles()) if (name !== "master.key") rmSync(join(home, name));
    expect((await open("other")).secrets.reveal("github")).toEqual({ TOKEN: value });
    expect(problems).toEqual([]);
  });

  test("can be found again by name when its own place is restored from a backup of before", async () => {
    const app = await open();
    create(app);
    const path = join(home, "master.key");
    const backup = join(folder.path, "backup");
    renameSync(path, backup);
    copyFileSync(backup, path);
    app.secrets.rotate(made);
    renameSync(backup, path);
    expect((await open()).secrets.reveal("github")).toEqual({ TOKEN: value });
  });
});

describe("a master key that the environment gives", () => {
  const [old, next] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];

  test("is not replaced from here: the error says what to do", async () => {
    const app = await open("project", { SAVEPOINT_MASTER_KEY: old });
    create(app);
    expect(() => app.secrets.rotate(made)).toThrowError(
      expect.objectContaining({
        code: "unsupported",
        hint: expect.stringMatching(/randomBytes.*--new-master-key-from-env NEW_KEY.*NEW,OLD/s),
      }),
    );
    expect(app.secrets.reveal("github")).toEqual({ TOKEN: value });
    expect(app.secrets.rotate({})).toMatchObject({ secrets: 1, masterKey: "kept" });
  });

  test("gives way to the one of another variable", async () => {
    const app = await open("project", { SAVEPOINT_MASTER_KEY: old, NEW_KEY: next });
    create(app);
    app.secrets.rotate({ masterKey: { from: "variable", name: "NEW_KEY" } });
    expect((await open("project", { SAVEPOINT_MASTER_KEY: next })).secrets.reveal("github")).toEqual({ TOKEN: value });
    const late = await open("project", { SAVEPOINT_MASTER_KEY: old });
    expect(() => late.secrets.reveal("github")).toThrowError(expect.objectContaining({ code: "unavailable" }));
    expect(existsSync(home) ? keyFiles() : []).toEqual([]);
  });

  test("changes everywhere without a pause where it is given before the old one", async () => {
    create(await open("project", { SAVEPOINT_MASTER_KEY: old }));
    const both = await open("project", { SAVEPOINT_MASTER_KEY: `${next},${old}` });
    expect(both.secrets.reveal("github")).toEqual({ TOKEN: value });
    expect((await open("project", { SAVEPOINT_MASTER_KEY: next })).secrets.reveal("github")).toEqual({ TOKEN: value });
  });

  test.each([
    ["that is not set", { SAVEPOINT_MASTER_KEY: old }, "not_found"],
    ["that holds no key", { SAVEPOINT_MASTER_KEY: old, NEW_KEY: "short" }, "unavailable"],
    ["that holds the same key", { SAVEPOINT_MASTER_KEY: old, NEW_KEY: old }, "invalid_input"],
    ["where a file holds the master key", { NEW_KEY: next }, "invalid_input"],
  ])("does not give way to a variable %s", async (_, env, code) => {
    const app = await open("project", env);
    create(app);
    const rotate = () => app.secrets.rotate({ masterKey: { from: "variable", name: "NEW_KEY" } });
    expect(rotate).toThrowError(expect.objectContaining({ code }));
    const told = messageOf(rotate);
    for (const value of [old.slice(0, 20), "short"]) expect(told).not.toContain(value);
    expect(app.secrets.reveal("github")).toEqual({ TOKEN: value });
  });
});

test("a keychain keeps its old keys as well", () => {
  const kept = new Map<string, string>();
  const keychain = {
    get: (account: string) => kept.get(account),
    set: (account: string, text: string) => void kept.set(account, text),
  };
  const where: KeyPlace = { ...place(), keyStore: "keychain", keychain };
  const first = readMasterKeys(where, true).current;
  const next = newMasterKey(where, { from: "made" });
  const { current, older } = readMasterKeys(where, false);
  expect(current).toEqual(next);
  expect(older()).toEqual(expect.arrayContaining([first, next]));
  // Keychains cannot be listed, so files tell which keys there are, and nothing else.
  expect(keyFiles().map((name) => readFileSync(join(home, name), "utf8"))).toEqual(["keychain\n", "keychain\n"]);
});

function messageOf(run: () => unknown): string {
  try {
    run();
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
