import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import Database from "better-sqlite3";
import { systemClock } from "../../src/core/clock.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import type { Store } from "../../src/store/store.ts";
import { dumpOf } from "../dump.ts";
import { inFolder } from "../folder.ts";
import { spawnLife } from "../kills/life.ts";
import { type Member, stateOf, until, withMembers } from "../members/members.ts";
import type { Outcome } from "../members/protocol.ts";
import { below, randomOf } from "../programs/random.ts";
import { openProcess } from "../simulated/process.ts";
import { checkBatch, programsEach } from "./kills.ts";
import { count, emptyTally, inLanes, messageOf, type Suite, type Tally } from "./suite.ts";

const lanes = 3;
const leaseMs = 600;

/** A process is stopped past its lease, another one finishes its work, the first one goes on: nothing more is recorded. */
export const zombie: Suite = {
  name: "zombie",
  async run(task) {
    const tally = emptyTally();
    const rounds = Array.from({ length: roundsOf(task.kills) }, (_, index) => task.seed + index * programsEach);
    const repeat = "npm run crash -- --only zombie --kills 1 --seed";
    await inLanes(lanes, rounds, async (seed) => {
      try {
        // How many writes there are depends on what shares a batch: where there are fewer, it is stopped earlier.
        let write = 2 + below(randomOf(seed), 40);
        while (!(await stopBeforeWrite(seed, write, tally)) && write > 2) write = Math.max(2, write >> 1);
        if ((seed - task.seed) % (programsEach * 2) === 0) await stopInCheckpoint(tally);
      } catch (error) {
        tally.mismatches.push({ suite: "zombie", seed, what: messageOf(error), repeat: `${repeat} ${seed}` });
      }
    });
    return tally;
  },
  floor: ({ kills }) => ({ counts: { "stopped before a write": roundsOf(kills), "stopped in a checkpoint": 1 } }),
};

function roundsOf(kills: number): number {
  return Math.min(60, Math.max(2, Math.ceil(kills / 5)));
}

/**
 * It stops itself with a batch in its hands; the other one's clock begins after the lease.
 * @returns false when it ended before that write
 */
async function stopBeforeWrite(seed: number, write: number, tally: Tally): Promise<boolean> {
  return inFolder(async (folder) => {
    const work = { kind: "programs", firstSeed: seed, programs: programsEach } as const;
    const frozen = spawnLife({ folder, work, deaths: 0, kill: { write, side: "stop" } });
    try {
      const exit = once(frozen, "exit");
      await until("it to stop or to end", () => frozen.exitCode !== null || stateOf(frozen.pid ?? 0) === "T");
      if (frozen.exitCode === 0) return false;
      if (frozen.exitCode !== null) throw new Error(`it ended with ${frozen.exitCode} before it was stopped`);
      await finishBy(spawnLife({ folder, work, deaths: 0, isAfterLease: true, kill: null }));
      const { checkpoints } = await checkBatch(folder, seed, 1);
      const before = await reading(folder, everything);
      frozen.kill("SIGCONT");
      await exit;
      if (frozen.exitCode !== 0) throw new Error(`the stopped one ended with ${frozen.signalCode ?? frozen.exitCode}`);
      requireSame(before, await reading(folder, everything));
      tally.programs += programsEach;
      tally.checkpoints += checkpoints;
      count(tally, "stopped before a write");
      return true;
    } finally {
      frozen.kill("SIGKILL");
    }
  });
}

async function finishBy(child: ChildProcess): Promise<void> {
  await once(child, "exit");
  if (child.exitCode !== 0) throw new Error(`the other one ended with ${child.signalCode ?? child.exitCode}`);
}

/** Stopped from outside while the body of a checkpoint runs; its lease is the real one and runs out by itself. */
async function stopInCheckpoint(tally: Tally): Promise<void> {
  await inFolder((folder) =>
    withMembers(2, folder, async ([frozen, other]) => {
      if (frozen === undefined || other === undefined) throw new Error("a member is missing");
      await frozen.tell({ do: "work", leaseMs });
      const id = await start(frozen, "holding", folder);
      await until("its checkpoint", () => notesOf(folder).includes(`began ${frozen.pid}`));
      await stopOutsideOfWrites(frozen, folder);
      await other.tell({ do: "work", leaseMs });
      await until("the other to take over", () => notesOf(folder).includes(`began ${other.pid}`));
      openGate(folder, other);
      const before = await reading(folder, (store) => ended(store, id, [other.pid, other.pid]));
      frozen.signal("SIGCONT");
      openGate(folder, frozen);
      // An execution that only it can run shows that it is past what it held, and none the worse for it.
      await other.end();
      const second = await start(frozen, "quick", folder);
      await reading(folder, (store) => ended(store, second, "done"));
      requireSame(before, await reading(folder, (store) => ended(store, id, [other.pid, other.pid])));
      count(tally, "stopped in a checkpoint");
      tally.checkpoints += 2;
    }),
  );
}

/** A process that stands still inside a transaction keeps everybody from writing: that is SQLite's, not the engine's. */
async function stopOutsideOfWrites(member: Member, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    member.signal("SIGSTOP");
    await member.stopped();
    if (!isLocked(join(folder, "savepoint.db"))) return;
    member.signal("SIGCONT");
  }
  throw new Error("it was always inside a transaction");
}

function isLocked(path: string): boolean {
  const connection = new Database(path, { timeout: 0 });
  try {
    connection.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch {
    return true;
  } finally {
    connection.close();
  }
}

async function reading<T>(folder: string, read: (store: Store) => T | Promise<T>): Promise<T> {
  const process = openProcess(folder, [], { clock: systemClock });
  try {
    return await read(process.store);
  } finally {
    await process.close();
  }
}

function everything(store: Store): string {
  const last = store.reader().prepare<[], { seq: number }>("SELECT max(seq) AS seq FROM executions").get();
  return Array.from({ length: last?.seq ?? 0 }, (_, index) => dumpOf(store, index + 1)).join("\n");
}

/** What is kept of an execution once it has ended as it must. */
async function ended(store: Store, id: string, result: unknown): Promise<string> {
  await until("the execution to end", () => isTerminal(store.executions.byId(id)?.status ?? "queued"));
  const execution = store.executions.byId(id);
  const found =
    execution?.status === "completed" && execution.result !== null ? store.payloads.read(execution.result) : "";
  if (execution === undefined || !isDeepStrictEqual(JSON.parse(found || "null"), result)) {
    throw new Error(`it must result in ${JSON.stringify(result)} and is ${JSON.stringify(execution)}`);
  }
  return dumpOf(store, execution.seq);
}

function requireSame(before: string, after: string): void {
  if (before === after) return;
  const [lines, others] = [before.split("\n"), after.split("\n")];
  const at = lines.findIndex((line, index) => line !== others[index]);
  throw new Error(`the stopped one changed the record: ${lines.slice(at, at + 3)} became ${others.slice(at, at + 3)}`);
}

async function start(member: Member, flow: "holding" | "quick", folder: string): Promise<string> {
  const [outcome] = await member.outcomes({ do: "run", flow, input: { folder } as never, times: 1 });
  return givenBy(outcome);
}

function givenBy(outcome: Outcome | undefined): string {
  if (outcome === undefined || !("value" in outcome)) throw new Error(`it was refused: ${JSON.stringify(outcome)}`);
  return outcome.value;
}

function openGate(folder: string, { pid }: Member): void {
  appendFileSync(join(folder, `gate-${pid}`), "");
}

function notesOf(folder: string): string {
  try {
    return readFileSync(join(folder, "notes"), "utf8");
  } catch {
    return "";
  }
}
