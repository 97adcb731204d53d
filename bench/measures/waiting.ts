import { setTimeout as delay } from "node:timers/promises";
import { openConnection } from "../../src/store/database.ts";
import { copyUntil } from "../crowds/copies.ts";
import { median, rounded } from "../figures.ts";
import { below, type Figures, type Measure, type Place } from "../measure.ts";
import { cpuMs, residentMb } from "../processes/proc.ts";
import { BenchProject } from "../processes/project.ts";
import { counting, executedBy } from "../processes/statements.ts";
import type { WorkerProcess } from "../processes/worker-process.ts";

/** What a worker costs that has nothing to do, beside one that has nothing to do and very many that wait. */
export const waiting: Measure = {
  name: "waiting",
  lines: [
    {
      key: "waiting_rss_mb",
      title: "100,000 waiting: worker's memory above an idle one's (MB)",
      goal: below(20),
      mayBeZero: true,
    },
    { key: "idle_rss_mb", title: "memory of the idle one (MB)" },
    {
      key: "waiting_cpu_percent",
      title: "100,000 waiting: worker's CPU (% of a core)",
      goal: below(2),
      mayBeZero: true,
    },
    { key: "idle_cpu_percent", title: "CPU of the idle one (%)", mayBeZero: true },
    {
      key: "waiting_statements_per_s",
      title: "100,000 waiting: worker's SQL statements (per s)",
      goal: { text: "as idle", met: (value, all) => value <= (all["idle_statements_per_s"] ?? 0) + 1 },
      mayBeZero: true,
    },
    { key: "idle_statements_per_s", title: "SQL statements of the idle one (per s)", mayBeZero: true },
  ],
  take,
};

const real = 50;

interface Sizes {
  executions: number;
  settleMs: number;
  lookMs: number;
}

const fullSizes: Sizes = { executions: 100_000, settleMs: 5_000, lookMs: 20_000 };
const smokeSizes: Sizes = { executions: 500, settleMs: 500, lookMs: 2_000 };

async function take({ folder, smoke }: Place): Promise<Figures> {
  const sizes = smoke ? smokeSizes : fullSizes;
  const [crowded, empty] = [await BenchProject.open(folder, "crowded"), await BenchProject.open(folder, "empty")];
  try {
    await fill(crowded, sizes);
    const counts = `${folder}/statements`;
    const start = (project: BenchProject) => project.worker(counting(counts));
    const workers = { crowded: await start(crowded), empty: await start(empty) };
    await delay(sizes.settleMs);
    // At the same time, so that whatever else the machine does meets both.
    const [busy, idle] = await Promise.all([
      costOf(workers.crowded, counts, sizes),
      costOf(workers.empty, counts, sizes),
    ]);
    await verify(crowded, sizes);
    return {
      waiting_rss_mb: rounded(busy.rssMb - idle.rssMb),
      idle_rss_mb: rounded(idle.rssMb),
      waiting_cpu_percent: rounded(busy.cpuPercent),
      idle_cpu_percent: rounded(idle.cpuPercent),
      waiting_statements_per_s: rounded(busy.statementsPerSecond),
      idle_statements_per_s: rounded(idle.statementsPerSecond),
    };
  } finally {
    await crowded.close();
    await empty.close();
  }
}

/** Some run to their wait in a worker of their own, which then ends; the others are copies of what they left behind. */
async function fill(project: BenchProject, { executions }: Sizes): Promise<void> {
  const worker = await project.worker();
  const inputs = Array.from({ length: real }, (_, n) => ({ topic: `topic ${n}`, days: n % 2 === 0 ? null : 30 + n }));
  const made = await project.run("flows/waiting.ts:waiting", inputs);
  for (const execution of made) await project.reached(execution, "waiting");
  await worker.stop();
  const connection = openConnection(project.app.store.databasePath);
  copyUntil(connection, executions);
  connection.close();
}

async function costOf({ pid }: WorkerProcess, counts: string, { lookMs }: Sizes) {
  const before = { at: performance.now(), cpu: cpuMs(pid), statements: executedBy(pid, counts) };
  const samples: number[] = [];
  for (let left = 10; left > 0; left--) {
    await delay(lookMs / 10);
    samples.push(residentMb(pid));
  }
  const tookMs = performance.now() - before.at;
  return {
    rssMb: median(samples),
    cpuPercent: (100 * (cpuMs(pid) - before.cpu)) / tookMs,
    statementsPerSecond: (1_000 * (executedBy(pid, counts) - before.statements)) / tookMs,
  };
}

/** All still wait, half of them with a deadline, and a copy goes on when it is answered, as a real one does. */
async function verify(project: BenchProject, { executions }: Sizes): Promise<void> {
  const { store } = project.app;
  const isWaiting = "SELECT count(*) FROM executions WHERE status = 'waiting'";
  const [found, due] = [project.count(isWaiting), project.count(`${isWaiting} AND wake_at IS NOT NULL`)];
  if (found !== executions || due !== executions / 2) throw new Error(`${found} wait, ${due} of them with a deadline`);
  for (const seq of [1, executions - 1, executions]) {
    const execution = store.executions.get(seq);
    if (execution === undefined) throw new Error(`there is no execution ${seq}`);
    await project.operations.executions.input({ execution_id: execution.id, value: true, wait_seconds: 0 });
    const text = await project.result(execution);
    if (!String(text).startsWith("Draft for topic")) throw new Error(`execution ${seq} returned ${String(text)}`);
  }
}
