import { randomBytes } from "node:crypto";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { argumentHasher, openDataKey } from "../../src/secrets/data-key.ts";
import type { KeyPlace } from "../../src/secrets/key-place.ts";
import { type MasterKeys, readMasterKeys } from "../../src/secrets/master-key.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
beforeEach(() => {
  folder = temporaryFolder();
  store = openStore(join(folder.path, "state"));
});
afterEach(() => {
  store.close();
  folder.remove();
});

const readMasterKey = (where: KeyPlace, create: boolean) => readMasterKeys(where, create).current;
const only = (current: Buffer, ...older: Buffer[]): MasterKeys => ({ current, older: () => older });
const place = (env: NodeJS.ProcessEnv = {}): KeyPlace => ({ folder: folder.path, env, keyStore: "file" });

test("the master key file is made once, for its owner only", () => {
  const key = readMasterKey(place(), true);
  expect(key).toHaveLength(32);
  expect(readMasterKey(place(), true)).toEqual(key);
  expect(statSync(join(folder.path, "master.key")).mode & 0o777).toBe(0o600);
});

test("a missing master key is not replaced by a new one once a project depends on it", () => {
  expect(() => readMasterKey(place(), false)).toThrowError(
    expect.objectContaining({ code: "unavailable", hint: expect.stringContaining("SAVEPOINT_MASTER_KEY") }),
  );
});

test("the environment's master key wins, and a malformed one says how to make one", () => {
  const key = randomBytes(32);
  expect(readMasterKey(place({ SAVEPOINT_MASTER_KEY: key.toString("base64") }), false)).toEqual(key);
  expect(() => readMasterKey(place({ SAVEPOINT_MASTER_KEY: "short" }), true)).toThrowError(
    expect.objectContaining({ code: "unavailable", hint: expect.stringContaining("randomBytes") }),
  );
});

test("where the keychain is wanted and cannot be used, the key is kept in the file, and that is said", (context) => {
  const hasNone = process.platform === "linux" && process.env["DBUS_SESSION_BUS_ADDRESS"] === undefined;
  if (!hasNone) context.skip("this machine may have a keychain, which no test may write to");
  const problems: string[] = [];
  const wanted = { ...place(), keyStore: "keychain" as const, onProblem: (message: string) => problems.push(message) };
  const key = readMasterKey(wanted, true);
  expect(readMasterKey(place(), false)).toEqual(key);
  expect(problems).toEqual([expect.stringMatching(/keychain cannot be used.*master\.key/)]);
  expect(readdirSync(folder.path)).not.toContain("master.key.pending");
});

test("a malformed key file is an error and is left as it is", () => {
  writeFileSync(join(folder.path, "master.key"), "nonsense");
  expect(() => readMasterKey(place(), true)).toThrowError(expect.objectContaining({ code: "unavailable" }));
});

test("the environment may give older master keys behind the current one", () => {
  const [now, before] = [randomBytes(32), randomBytes(32)];
  const given = `${now.toString("base64")},${before.toString("base64")}`;
  const keys = readMasterKeys(place({ SAVEPOINT_MASTER_KEY: given }), false);
  expect([keys.current, ...keys.older()]).toEqual([now, before]);
});

test("the data key is the same for every process that has the master key", () => {
  const master = randomBytes(32);
  const first = openDataKey({ settings: store.settings }, () => only(master));
  expect(openDataKey({ settings: store.settings }, () => only(master))).toEqual(first);
  expect(store.settings.get("data_key")).not.toContain(first.toString("base64"));
});

test("a data key that an older master key sealed is opened, and sealed with today's", () => {
  const [now, before] = [randomBytes(32), randomBytes(32)];
  const first = openDataKey({ settings: store.settings }, () => only(before));
  expect(openDataKey({ settings: store.settings }, () => only(now, before))).toEqual(first);
  expect(openDataKey({ settings: store.settings }, () => only(now))).toEqual(first);
});

test("another master key is told apart from a missing one", () => {
  openDataKey({ settings: store.settings }, () => only(randomBytes(32)));
  expect(() => openDataKey({ settings: store.settings }, () => only(randomBytes(32)))).toThrowError(
    expect.objectContaining({ code: "unavailable", message: expect.stringContaining("not the one") }),
  );
});

test("a master key of the environment that hides the one that fits is to be unset", () => {
  openDataKey({ settings: store.settings }, (create) => readMasterKeys(place(), create));
  const wrong = place({ SAVEPOINT_MASTER_KEY: randomBytes(32).toString("base64") });
  expect(() => openDataKey({ settings: store.settings }, () => readMasterKeys(wrong, false))).toThrowError(
    expect.objectContaining({
      code: "unavailable",
      hint: `Unset SAVEPOINT_MASTER_KEY: the key in ${join(folder.path, "master.key")} opens it.`,
    }),
  );
});

test("argument hashes are equal for equal arguments under one key only", () => {
  const hash = argumentHasher(randomBytes(32));
  expect(hash('["tea"]')).toBe(hash('["tea"]'));
  expect(hash('["tea"]')).not.toBe(hash('["coffee"]'));
  expect(argumentHasher(randomBytes(32))('["tea"]')).not.toBe(hash('["tea"]'));
});
