import { spawnSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { isUserError } from "../../src/core/errors.ts";
import { openStore } from "../../src/store/store.ts";
import { frameStart, headerBytes, openWith, prefixAt, type Recording, record } from "../damage/wal.ts";
import { inFolder } from "../folder.ts";
import { Member } from "../members/members.ts";
import { below, type Random, randomOf } from "../programs/random.ts";
import { count, emptyTally, messageOf, type Suite, type Tally, type Task } from "./suite.ts";

const nobody = 65_534;
const fullDisk = fileURLToPath(new URL("../damage/full-disk.ts", import.meta.url));

/** Logs that end anywhere or are damaged, a newer schema, a full disk, a database that cannot be written. */
export const damage: Suite = {
  name: "damage",
  async run(task) {
    const tally = emptyTally();
    const attempt = async (name: string, work: () => unknown) => {
      try {
        await work();
      } catch (error) {
        const repeat = `npm run crash -- --only damage --seed ${task.seed}`;
        tally.mismatches.push({ suite: "damage", seed: task.seed, what: `${name}: ${messageOf(error)}`, repeat });
      }
    };
    await inFolder(async (folder) => {
      const recording = await record(folder, task.seed);
      const random = randomOf(task.seed);
      count(tally, "commits", recording.commits.length);
      for (const at of cutsOf(recording, random, task))
        await attempt(`cut at byte ${at}`, () => cut(recording, folder, { at, tally }));
      for (const at of flipsOf(recording, random, task))
        await attempt(`byte ${at} flipped`, () => flip(recording, folder, { at, mask: 1 + below(random, 255), tally }));
      await attempt("garbage after the log", () => lengthen(recording, folder, { random, tally }));
    });
    await attempt("a newer schema", () => newerSchema(tally));
    await attempt("a read-only database", () => readOnly(tally));
    await attempt("a full disk", () => fillDisk(tally));
    return tally;
  },
  floor: (task) => ({ counts: { commits: 30, cuts: bytesOf(task) + 100, flips: flipCount(task), "newer schema": 1 } }),
};

/** How many bytes between the frames a log is cut at. */
function bytesOf({ programs }: Task): number {
  return Math.min(2_000, Math.max(60, Math.floor(programs / 4)));
}

function flipCount(task: Task): number {
  return Math.floor(bytesOf(task) / 2);
}

/** Every boundary of a frame, the log's header, headers of frames, and bytes anywhere. */
function cutsOf({ wal, frameBytes }: Recording, random: Random, task: Task): Set<number> {
  const cuts = new Set([0, 1, 16, headerBytes - 1, headerBytes, wal.length - 1]);
  for (let at = headerBytes; at <= wal.length; at += frameBytes) cuts.add(at);
  for (let left = bytesOf(task); left > 0; left--) {
    const frame = headerBytes + below(random, (wal.length - headerBytes) / frameBytes) * frameBytes;
    cuts.add(frame + (left % 3 === 0 ? below(random, 25) : below(random, frameBytes)));
  }
  return cuts;
}

function* flipsOf({ wal }: Recording, random: Random, task: Task): Generator<number> {
  for (let left = flipCount(task); left > 0; left--) yield below(random, wal.length);
}

function cut(recording: Recording, folder: string, { at, tally }: { at: number; tally: Tally }): void {
  const found = openWith(recording, recording.wal.subarray(0, at), folder);
  requirePrefix(recording, found, at);
  count(tally, "cuts");
}

/** From the damaged frame on nothing holds; everything before it does. */
function flip(
  recording: Recording,
  folder: string,
  { at, mask, tally }: { at: number; mask: number; tally: Tally },
): void {
  const wal = Buffer.from(recording.wal);
  wal[at] = (wal[at] ?? 0) ^ mask;
  requirePrefix(recording, openWith(recording, wal, folder), frameStart(recording, at));
  count(tally, "flips");
}

/** What a crash leaves after the last acknowledged frame takes nothing away. */
function lengthen(recording: Recording, folder: string, { random, tally }: { random: Random; tally: Tally }): void {
  const garbage = Buffer.from(Array.from({ length: 9_000 }, () => below(random, 256)));
  for (const length of [1, 24, 4_095, 4_120, 9_000]) {
    const wal = Buffer.concat([recording.wal, garbage.subarray(0, length)]);
    requirePrefix(recording, openWith(recording, wal, folder), recording.wal.length);
    count(tally, "lengthened");
  }
}

function requirePrefix(recording: Recording, found: string, wholeBytes: number): void {
  const expected = prefixAt(recording, wholeBytes);
  if (found === expected.digest) return;
  const as = recording.commits.findIndex((commit) => commit.digest === found);
  const wanted = recording.commits.indexOf(expected);
  throw new Error(
    `it opened ${as < 0 ? "as nothing that was ever committed" : `as commit ${as}`} instead of ${wanted}`,
  );
}

async function newerSchema(tally: Tally): Promise<void> {
  await inFolder(async (folder) => {
    openStore(folder).close();
    const connection = new Database(join(folder, "savepoint.db"));
    const known = Number(connection.pragma("user_version", { simple: true }));
    connection.pragma(`user_version = ${known + 1}`);
    connection.close();
    requireUnavailable(() => openStore(folder).close());
    count(tally, "newer schema");
  });
}

/** Opened by a process of another user, or where this one is not root by itself. */
async function readOnly(tally: Tally): Promise<void> {
  await inFolder(async (folder) => {
    openStore(folder).close();
    chmodSync(join(folder, "savepoint.db"), 0o444);
    chmodSync(folder, 0o555);
    const member = new Member();
    try {
      const uid = process.getuid?.() === 0 ? nobody : undefined;
      const refused = await member.tell({ do: "open", folder, connections: 1, uid }).then(
        () => "nothing",
        (error: Error) => `${error.name}: ${error.message}`,
      );
      if (!/^unavailable: .* cannot be written/.test(refused)) throw new Error(`it was refused with ${refused}`);
      count(tally, "read-only");
    } finally {
      await member.end();
      chmodSync(folder, 0o755);
    }
  });
}

function fillDisk(tally: Tally): void {
  const mounting = spawnSync("unshare", ["-Urm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt"]);
  if (mounting.status !== 0) {
    tally.skipped.push(
      `a full disk: no disk can be mounted here (${mounting.error?.message ?? mounting.stderr})`.trim(),
    );
    return;
  }
  const run = spawnSync("unshare", ["-Urm", process.execPath, fullDisk], { encoding: "utf8", timeout: 60_000 });
  if (run.status !== 0) throw new Error(`it ended with ${run.signal ?? run.status}: ${run.stderr.slice(-1_500)}`);
  const { reason, blockedReason, completed, asked, caught } = JSON.parse(run.stdout);
  if (!String(reason).startsWith("disk_full")) throw new Error(`the reason on the record was ${reason}`);
  if (blockedReason !== null || completed !== asked || caught !== "") throw new Error(run.stdout);
  count(tally, "full disk");
}

function requireUnavailable(open: () => void): void {
  try {
    open();
  } catch (error) {
    if (isUserError(error) && error.code === "unavailable") return;
    throw error;
  }
  throw new Error("it was opened");
}
