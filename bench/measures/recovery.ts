import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rounded } from "../figures.ts";
import { below, type Figures, type Measure, type Place } from "../measure.ts";
import { BenchProject } from "../processes/project.ts";

/** The default of a worker's lease, within which, and two seconds more, all must be running again. */
const leaseMs = 15_000;

/** How soon another worker process runs again all that a killed one was running. */
export const recovery: Measure = {
  name: "recovery",
  lines: [
    { key: "recovery_ms", title: "500 running, SIGKILL: all running again (ms)", goal: below(leaseMs + 2_000) },
    { key: "recovery_first_ms", title: "the first of them (ms)" },
  ],
  take,
};

interface Beginning {
  execution: string;
  pid: number;
  at: bigint;
}

async function take({ folder, smoke }: Place): Promise<Figures> {
  const project = await BenchProject.open(folder);
  const executions = smoke ? 20 : 500;
  const files = { began: join(folder, "began"), gate: join(folder, "gate") };
  writeFileSync(files.began, "");
  try {
    const first = await project.worker({ concurrency: executions });
    await project.run("flows/hold.ts:held", Array(executions).fill(files));
    const begun = (pid: number) => () => {
      const beginnings = readBeginnings(files.began).filter((one) => one.pid === pid);
      return beginnings.length >= executions ? beginnings : undefined;
    };
    await first.until("all executions to run", begun(first.pid));
    const second = await project.worker({ concurrency: executions });
    const killedAt = process.hrtime.bigint();
    await first.kill();
    const again = await second.until("all executions to run again", begun(second.pid));
    writeFileSync(files.gate, "");
    await second.until("all executions to end", () => (completed(project) === executions ? true : undefined));
    verify(readBeginnings(files.began), { executions, killedAt, pids: [first.pid, second.pid] });
    verifyRecord(project, executions);
    const after = again.map(({ at }) => Number(at - killedAt) / 1e6);
    return { recovery_ms: rounded(Math.max(...after)), recovery_first_ms: rounded(Math.min(...after)) };
  } finally {
    await project.close();
  }
}

function readBeginnings(file: string): Beginning[] {
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [execution = "", pid, at = ""] = line.split(" ");
    return { execution, pid: Number(pid), at: BigInt(at) };
  });
}

/** Each body began once in the worker that was killed, and once, later than that, in the other one. */
function verify(
  beginnings: Beginning[],
  { executions, killedAt, pids }: { executions: number; killedAt: bigint; pids: number[] },
): void {
  const byExecution = Map.groupBy(beginnings, ({ execution }) => execution);
  if (byExecution.size !== executions) throw new Error(`${byExecution.size} executions ran instead of ${executions}`);
  for (const [execution, begun] of byExecution) {
    const [before, after] = begun;
    const isTwice = begun.length === 2 && before?.pid === pids[0] && after?.pid === pids[1];
    if (!isTwice || after === undefined || after.at < killedAt)
      throw new Error(`the body of ${execution} began ${JSON.stringify(begun.map(({ pid }) => pid))}`);
  }
}

/** Every execution was claimed twice, and what the first claim left running was settled by the second. */
function verifyRecord(project: BenchProject, executions: number): void {
  const twice = project.count("SELECT count(*) FROM executions WHERE epoch = 2");
  const settled = project.count("SELECT count(*) FROM journal WHERE status = 'completed' AND kind = 'checkpoint'");
  if (twice !== executions || settled !== executions) throw new Error(`${twice} claimed twice, ${settled} settled`);
}

function completed(project: BenchProject): number {
  return project.count("SELECT count(*) FROM executions WHERE status = 'completed'");
}
