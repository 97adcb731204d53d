import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Cleaned, clean } from "../../src/store/clean.ts";
import type { NewExecution } from "../../src/store/execution.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../helpers/engine.ts";
import { newExecution } from "../helpers/new-execution.ts";

const hour = 3_600_000;
const now = Date.now() + 10 * hour;

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let forgotten: string[];
beforeEach(() => {
  folder = temporaryFolder();
  store = openStore(folder.path);
  forgotten = [];
});
afterEach(() => {
  store.close();
  folder.remove();
});

let made = 0;
const big = (text: string) => JSON.stringify(text.repeat(40_000));

/** An execution; with `endedAt` it has ended. */
function execution({ endedAt, ...fields }: Partial<NewExecution> & { endedAt?: number } = {}): number {
  made++;
  return store.write(() => {
    const seq = store.executions.insert(
      newExecution({ id: `execution-${made}`, tags: ["t"], createdAt: made, ...fields }),
    );
    store.events.append(seq, { type: "execution_created", at: made });
    if (endedAt !== undefined) {
      const to = { wakeAt: null, failure: null, endedAt, attempt: 1, deadlineAt: null };
      store.executions.setControl(seq, { status: "cancelled", ...to });
    }
    return seq;
  });
}

const cleaned = (isDryRun = false, before = now - 5 * hour): Promise<Cleaned> =>
  clean(store, { before, now, isDryRun, removeVersionFiles: (hash) => forgotten.push(hash) });
const left = () => store.reader().prepare<[], number>("SELECT seq FROM executions ORDER BY seq").pluck().all();
const blobs = () => store.blobs.list().map(({ sha256 }) => sha256);

describe("clean", () => {
  test("removes executions that ended before the instant, with everything that belongs to them", async () => {
    const old = execution({ endedAt: now - 6 * hour, input: store.payloads.store(big("a")) });
    const young = execution({ endedAt: now - 4 * hour });
    const open = execution();
    store.write(() =>
      store.idempotencyKeys.insert({
        operation: "run",
        key: "k",
        requestHash: "",
        executionId: `execution-${made - 2}`,
        createdAt: 0,
      }),
    );
    expect(await cleaned(true)).toMatchObject({ executions: 1, blobs: 1 });
    expect(left()).toEqual([old, young, open]);
    expect(await cleaned()).toMatchObject({ executions: 1, blobs: 1 });
    expect(left()).toEqual([young, open]);
    expect(blobs()).toEqual([]);
    expect(store.idempotencyKeys.find("run", "k")).toBeUndefined();
    const rows = store
      .reader()
      .prepare<[], number>("SELECT count(*) FROM events WHERE execution_seq = 1")
      .pluck()
      .get();
    expect(rows).toBe(0);
    expect(await cleaned()).toEqual({ executions: 0, versions: 0, blobs: 0, bytes: 0 });
  });

  test("removes families whole or not at all", async () => {
    const parent = execution({ endedAt: now - 9 * hour });
    const child = execution({ endedAt: now - 9 * hour, parentSeq: parent, depth: 1 });
    execution({ parentSeq: child, depth: 2 });
    const other = execution({ endedAt: now - 9 * hour });
    execution({ endedAt: now - 9 * hour, parentSeq: other, depth: 1 });
    expect(await cleaned()).toMatchObject({ executions: 2 });
    expect(left()).toHaveLength(3);
  });

  test("goes through more than one batch", async () => {
    for (let count = 0; count < 450; count++) execution({ endedAt: now - 9 * hour });
    const open = execution();
    expect(await cleaned()).toMatchObject({ executions: 450 });
    expect(left()).toEqual([open]);
  });

  test("keeps blobs that something else refers to, and those whose row may be on its way", async () => {
    const shared = store.payloads.store(big("shared"));
    execution({ endedAt: now - 9 * hour, input: shared });
    execution({ input: shared });
    const young = store.blobs.write(big("young"));
    utimesSync(join(folder.path, "blobs", young.slice(0, 2), young), new Date(now), new Date(now));
    expect(await cleaned()).toMatchObject({ executions: 1, blobs: 0 });
    expect(blobs().toSorted()).toEqual([young, shared.split(":")[1] ?? ""].toSorted());
    expect(store.payloads.read(shared)).toBe(big("shared"));
  });

  test("gives a blob back to who began to use it meanwhile", async () => {
    const column = store.payloads.store(big("again"));
    const cleaning = cleaned();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(() => store.payloads.read(column)).toThrow();
    execution({ input: column });
    expect(await cleaning).toMatchObject({ blobs: 0 });
    expect(store.payloads.read(column)).toBe(big("again"));
  });

  test("removes cached outputs that were computed before the instant, and keeps the blobs of the others", async () => {
    const cache = (key: string, createdAt: number) => {
      const output = store.payloads.store(big(key));
      store.write(() => store.cachedOutputs.add({ key, executionId: "gone", output, createdAt }));
    };
    cache("old", now - 6 * hour);
    cache("young", now - 4 * hour);
    expect(await cleaned(true)).toMatchObject({ executions: 0, blobs: 1 });
    expect(store.cachedOutputs.find("old")).toBeDefined();
    expect(await cleaned()).toMatchObject({ executions: 0, blobs: 1 });
    expect(store.cachedOutputs.find("old")).toBeUndefined();
    expect(store.payloads.read(store.cachedOutputs.find("young")?.output ?? "")).toBe(big("young"));
  });

  test("finishes what a clean that was killed had begun", async () => {
    const kept = store.payloads.store(big("kept"));
    execution({ input: kept });
    const unused = store.blobs.write(big("unused"));
    for (const sha256 of blobs()) store.blobs.setAside(sha256);
    expect(await cleaned()).toMatchObject({ blobs: 1 });
    expect(store.payloads.read(kept)).toBe(big("kept"));
    expect(existsSync(join(folder.path, "blobs", unused.slice(0, 2), unused))).toBe(false);
    expect(
      readdirSync(join(folder.path, "blobs"), { recursive: true }).filter((name) => String(name).endsWith(".aside")),
    ).toEqual([]);
  });

  test("removes versions that nothing runs on any more", async () => {
    const save = (hash: string, createdAt: number) =>
      store.write(() => store.versions.save({ hash, sourcePath: "a.ts", description: "{}", createdAt }));
    save("gone", 1);
    save("used", 1);
    save("new", now);
    execution({ endedAt: now - 9 * hour, version: "gone" });
    execution({ version: "used" });
    expect(await cleaned(true)).toMatchObject({ versions: 1 });
    expect(forgotten).toEqual([]);
    expect(await cleaned()).toMatchObject({ versions: 1 });
    expect(forgotten).toEqual(["gone"]);
    expect(store.versions.find("gone")).toBeUndefined();
    expect(store.versions.find("new")).toBeDefined();
  });
});
