import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { checkpoint, flow, progress, save, sleep, wait } from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { delay, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

/** What another process can see now. */
function readFrom(folder: string, sql: string): Record<string, unknown>[] {
  const connection = new Database(join(folder, "savepoint.db"), { readonly: true });
  try {
    return connection.prepare<[], Record<string, unknown>>(sql).all();
  } finally {
    connection.close();
  }
}

describe("an operation", () => {
  test("resolves only once others can read what it wrote", async () => {
    const missing: string[] = [];
    const see = (what: string, sql: string) => {
      if (readFrom(engines.folder(), sql).length === 0) missing.push(what);
    };
    const step = checkpoint("step", async () => {
      await save("inside", 1);
      see("save in a checkpoint", "SELECT 1 FROM artifacts WHERE name = 'inside'");
      return "out";
    });
    const writing = flow("writing", async () => {
      await step();
      see("checkpoint", "SELECT 1 FROM journal WHERE name = 'step' AND status = 'completed' AND output = '\"out\"'");
      await save("outside", 1);
      see("save", "SELECT 1 FROM artifacts WHERE name = 'outside'");
      await sleep(1);
      see("sleep", "SELECT 1 FROM journal WHERE kind = 'sleep' AND position IS NOT NULL");
      await wait({ name: "go" });
      see("wait", "SELECT 1 FROM journal WHERE kind = 'wait' AND status = 'answered'");
    });
    const t = engines.open([writing]);
    const { id } = await t.start(writing);
    see("run", "SELECT 1 FROM executions");
    t.work();
    await t.asked(id, "go");
    await t.engine.answer(id, { value: 1 });
    see("answer", "SELECT 1 FROM journal WHERE status = 'answered'");
    await t.result(id);
    expect(missing).toEqual([]);
  });

  test("shares its transaction with all that are written in the same turn", async () => {
    let transactions = 0;
    const step = checkpoint("step", async (n: number) => n);
    const many = flow("many", async () => {
      for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 100 }, (_, n) => step(n)));
    });
    const t = engines.open([many], {
      onWrite(write) {
        transactions++;
        return write();
      },
    });
    t.work();
    const { id } = await t.start(many);
    await t.result(id);
    expect(t.entries(id)).toHaveLength(500);
    expect(transactions).toBeLessThan(60);
  });

  test("that spoils the batch it rides in fails alone, and the others of the batch are written", async () => {
    const quick = flow("quick", async () => "fine");
    const t = engines.open([quick]);
    t.store.write(() => t.store.settings.getOrSet("x", "y"));
    const spoilt = t.engine.run({
      workflow: "quick",
      target: "test:quick",
      version: "test",
      input: undefined,
      stack: "local",
      // SQLite refuses it inside the transaction.
      trigger: null as unknown as string,
      tags: [],
      timeoutMs: null,
    });
    const [refused, started] = await Promise.allSettled([spoilt, t.start(quick)]);
    expect(refused.status).toBe("rejected");
    expect(started.status).toBe("fulfilled");
    t.work();
    if (started.status === "fulfilled") expect(await t.result(started.value.id)).toBe("fine");
    expect(readFrom(engines.folder(), "SELECT 1 FROM executions")).toHaveLength(1);
  });
});

describe("a worker that lost its lease", () => {
  test("writes nothing more, fails alone, and the execution ends once", async () => {
    const clock = createClock();
    const gates = new Map<string, PromiseWithResolvers<string>>();
    const slow = checkpoint("slow", (who: string) => {
      const gate = Promise.withResolvers<string>();
      gates.set(who, gate);
      return gate.promise;
    });
    let runner = "first";
    const working = flow("working", async () => slow(runner));
    const first = engines.open([working], { clock });
    first.work({ leaseMs: 1_000 });
    const { id } = await first.start(working);
    await until(() => gates.has("first"));
    await until(() => first.entries(id).length === 1);
    // The first one is deaf from here on, as if its process were stopped.
    first.engine.changes.stop();

    runner = "second";
    clock.move(1_000);
    const second = engines.open([working], { clock });
    second.work({ leaseMs: 1_000 });
    await until(() => gates.has("second"));
    gates.get("second")?.resolve("of the second");
    expect(await second.result(id)).toBe("of the second");

    const before = second.events(id);
    gates.get("first")?.resolve("of the first");
    await delay(100);
    expect(second.events(id)).toEqual(before);
    expect(await second.result(id)).toBe("of the second");
    expect(second.entries(id).map(({ status }) => status)).toEqual(["completed"]);
  });

  test("leaves the other executions of its batch alone", async () => {
    const clock = createClock();
    const gate = Promise.withResolvers<void>();
    const slow = checkpoint("slow", async () => {
      await gate.promise;
      return 1;
    });
    const working = flow("working", () => slow());
    const t = engines.open([working], { clock });
    t.work();
    const ids = await Promise.all([1, 2, 3].map(async () => (await t.start(working)).id));
    await until(() => ids.every((id) => t.entries(id).length === 1));
    const [lost = ""] = ids;
    const other = engines.open([working], { clock });
    const seq = t.get(lost).seq;
    other.store.write(() => other.store.executions.abandon("nobody", 0));
    const thief = new Database(join(engines.folder(), "savepoint.db"));
    thief.prepare("UPDATE executions SET epoch = epoch + 1, owner = 'thief' WHERE seq = ?").run(seq);
    thief.close();
    gate.resolve();
    expect(await Promise.all(ids.slice(1).map((id) => t.result(id)))).toEqual([1, 1]);
    expect(t.get(lost).status).toBe("running");
    expect(t.entry(lost, "slow").status).toBe("running");
  });
});

describe("a store that cannot write", () => {
  const trouble = { on: false };

  test.each([
    ["SQLITE_FULL", "disk_full"],
    ["SQLITE_READONLY", "read_only"],
    ["SQLITE_IOERR_WRITE", "store_error"],
  ])(
    "(%s) drops the activation, shows as a reason, never reaches the flow, and goes on later",
    async (code, reason) => {
      const clock = createClock();
      trouble.on = false;
      const caught: unknown[] = [];
      const gate = Promise.withResolvers<void>();
      let runs = 0;
      const step = checkpoint("step", async () => {
        runs++;
        await gate.promise;
        return runs;
      });
      const working = flow("working", async () => {
        try {
          return await step();
        } catch (error) {
          caught.push(error);
        }
      });
      const problems: string[] = [];
      let failures = 0;
      const t = engines.open([working], {
        clock,
        onWrite(write) {
          if (!trouble.on) return write();
          failures++;
          throw new Database.SqliteError("injected", code);
        },
      });
      t.work({ onProblem: (message) => problems.push(message) });
      const { id } = await t.start(working);
      await until(() => t.events(id).includes("checkpoint_started"));
      trouble.on = true;
      gate.resolve();
      await until(() => failures > 0);
      await delay(20);
      expect(t.get(id).status).toBe("running");
      trouble.on = false;
      await until(() => t.get(id).blockedReason !== null);
      expect(t.get(id).blockedReason).toContain(reason);
      clock.move(60_000);
      expect(await t.result(id)).toBe(2);
      expect(t.get(id).blockedReason).toBeNull();
      expect(caught).toEqual([]);
      expect(problems.some((problem) => problem.includes(reason))).toBe(true);
    },
  );

  test("is a real database without room: the execution goes on when there is some", async () => {
    const clock = createClock();
    const text = "x".repeat(20_000);
    const caught: unknown[] = [];
    const step = checkpoint("step", async (n: number) => {
      progress({ current: n });
      return text + n;
    });
    const working = flow("working", async () => {
      try {
        for (let n = 0; n < 40; n++) await step(n);
        return "done";
      } catch (error) {
        caught.push(error);
      }
    });
    const { made: t, connection } = observeConnection(() => engines.open([working], { clock }));
    const pages = Number(connection.pragma("page_count", { simple: true }));
    connection.pragma(`max_page_count = ${pages + 60}`);
    t.work();
    const { id } = await t.start(working);
    await until(() => t.entries(id).length > 2);
    await delay(200);
    expect(t.get(id).status).not.toBe("completed");
    connection.pragma("max_page_count = 1000000");
    await until(() => {
      clock.move(2_000);
      return t.get(id).status === "completed";
    });
    expect(await t.result(id)).toBe("done");
    expect(caught).toEqual([]);
  });

  test("fails control operations with an error that says why, and changes nothing", async () => {
    const t = engines.open([flow("quick", () => 1)], {
      onWrite() {
        throw new Database.SqliteError("injected", "SQLITE_FULL");
      },
    });
    await expect(t.start(flow("quick", () => 1))).rejects.toMatchObject({ name: "StoreError" });
    expect(readFrom(engines.folder(), "SELECT 1 FROM executions")).toEqual([]);
  });
});

/** Makes something that opens a store, and tells the connection on which that store writes. */
function observeConnection<T>(make: () => T): { made: T; connection: Database.Database } {
  const { transaction } = Database.prototype;
  let connection: Database.Database | undefined;
  Database.prototype.transaction = function (this: Database.Database, work: never) {
    connection = this;
    return transaction.call(this, work);
  } as typeof transaction;
  try {
    const made = make();
    if (connection === undefined) throw new Error("no store was opened");
    return { made, connection };
  } finally {
    Database.prototype.transaction = transaction;
  }
}

const text = "x".repeat(50_000);
const big = checkpoint("big", async () => text);

test.each<[string, () => unknown]>([
  ["checkpoint's output", () => big()],
  ["saved value", () => save("report", text)],
  ["result", () => text],
])("a large %s that cannot be written blocks the execution until it can, and fails nothing", async (_, produce) => {
  const clock = createClock();
  const caught: unknown[] = [];
  const producing = flow("producing", async () => {
    try {
      return await produce();
    } catch (error) {
      caught.push(error);
    }
  });
  const t = engines.open([producing], { clock });
  const blobs = join(engines.folder(), "blobs");
  writeFileSync(blobs, "a file where a folder belongs");
  t.work();
  const { id } = await t.start(producing);
  await until(() => t.get(id).blockedReason !== null);
  rmSync(blobs);
  await until(() => {
    clock.move(2_000);
    return t.get(id).status === "completed";
  });
  expect(caught).toEqual([]);
});

test("a recorded value that is gone blocks the execution and is never made again or taken for a failure", async () => {
  const clock = createClock();
  const caught: unknown[] = [];
  let runs = 0;
  const big = checkpoint("big", async () => {
    runs++;
    return "x".repeat(50_000);
  });
  const reading = flow("reading", async () => {
    try {
      const text = await big();
      await wait({ name: "hold" });
      return text.length;
    } catch (error) {
      caught.push(error);
    }
  });
  const t = engines.open([reading], { clock });
  t.work();
  const { id } = await t.start(reading);
  await t.waiting(id);
  const blobs = join(engines.folder(), "blobs");
  renameSync(blobs, `${blobs}-away`);
  await t.engine.answer(id, { value: 1 });
  await until(() => t.get(id).blockedReason !== null);
  renameSync(`${blobs}-away`, blobs);
  await until(() => {
    clock.move(2_000);
    return t.get(id).status === "completed";
  });
  expect(await t.result(id)).toBe(50_000);
  expect([caught, runs]).toEqual([[], 1]);
});

describe("payloads", () => {
  const big = checkpoint("big", async (size: number) => "x".repeat(size));
  const producing = flow("producing", async (size: number) => (await big(size)).length);

  test("over 32 KiB are kept beside the database and read back", async () => {
    const t = engines.open([producing]);
    t.work();
    const { id } = await t.start(producing, 100_000);
    expect(await t.result(id)).toBe(100_000);
    expect(t.entry(id, "big").output).toMatch(/^@blob:[0-9a-f]{64}:100002$/);
  });

  test("over the cap fail the checkpoint with an error that says so", async () => {
    const t = engines.open([producing], { capBytes: 50_000 });
    t.work();
    const { id } = await t.start(producing, 60_000);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { checkpoint: "big" } });
    expect(t.entry(id, "big").failure).toMatchObject({ code: "too_large" });
    const again = await t.replay(id, { input: { value: 40_000 } });
    expect(await t.result(again.id)).toBe(40_000);
  });
});

test("a version that cannot be loaded defers the execution and never fails it", async () => {
  const clock = createClock();
  const missing = new Set(["test"]);
  const quick = flow("quick", async () => "done");
  const t = engines.open([quick], { clock, missing });
  t.work();
  const { id } = await t.start(quick);
  await until(() => t.get(id).blockedReason !== null);
  for (let i = 0; i < 5; i++) {
    clock.move(60_000);
    await delay(20);
  }
  expect(t.get(id)).toMatchObject({ status: "queued" });
  expect(t.events(id)).toEqual(["execution_created", "execution_started", "execution_blocked"]);
  missing.clear();
  clock.move(60_000);
  expect(await t.result(id)).toBe("done");
  expect(t.get(id).blockedReason).toBeNull();
});
