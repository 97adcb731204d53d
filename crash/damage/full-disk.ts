import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.ts";
import { until, withMembers } from "../members/members.ts";
import { openProcess } from "../simulated/process.ts";

const checkpoints = 100;

/**
 * In a mount namespace of its own: a disk of three megabytes, a worker that needs more, and then a larger disk.
 * Prints what came of it as JSON.
 */
const folder = mkdtempSync(join(tmpdir(), "savepoint-full-"));
try {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], { stdio: "pipe" });
  process.stdout.write(JSON.stringify(await fill()));
} finally {
  try {
    execFileSync("umount", ["-l", folder], { stdio: "pipe" });
  } catch {
    // The namespace takes it along.
  }
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function fill() {
  return withMembers(1, folder, async ([member]) => {
    if (member === undefined) throw new Error("the member is missing");
    const input = { folder, checkpoints } as never;
    await member.tell({ do: "work", leaseMs: 5_000 });
    const [run] = await member.outcomes({ do: "run", flow: "filling", input, times: 1 });
    if (run === undefined || !("value" in run)) throw new Error(`it was refused: ${JSON.stringify(run)}`);
    await until("the disk to be full", () => member.problems.some((problem) => problem.includes("disk_full")));
    execFileSync("mount", ["-o", "remount,size=64m", folder]);
    const reader = openProcess(folder, [], { clock: systemClock });
    try {
      let reason: string | null = null;
      await until("the reason to be on the record", () => {
        reason = reader.get(run.value).blockedReason;
        return reason !== null;
      });
      await until("the execution to go on to its end", () => reader.get(run.value).status === "completed");
      const { seq, blockedReason } = reader.get(run.value);
      const completed = reader.store.journal.load(seq).filter(({ status }) => status === "completed").length;
      return { reason, blockedReason, completed, asked: checkpoints, caught: notes() };
    } finally {
      await reader.close();
    }
  });
}

function notes(): string {
  try {
    return readFileSync(join(folder, "notes"), "utf8");
  } catch {
    return "";
  }
}
