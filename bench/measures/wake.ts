import { z } from "zod";
import type { Execution } from "../../src/store/execution.ts";
import { median, rounded } from "../figures.ts";
import { below, type Figures, type Measure, type Place } from "../measure.ts";
import { BenchProject } from "../processes/project.ts";

const wakes = 9;
/** So often besides in a worker process that has just begun. */
const coldWakes = 3;

/** How long an execution takes to get past its wait when it has a long record to go through first. */
export const wake: Measure = {
  name: "wake",
  lines: [
    { key: "wake_10000_ms", title: "waking with 10,000 recorded checkpoints (ms)", goal: below(300) },
    { key: "wake_20000_ms", title: "waking with 20,000 recorded checkpoints (ms)" },
    { key: "wake_10000_cold_ms", title: "the 10,000 in a new worker process (ms)" },
    { key: "ratio_wake", title: "20,000 / 10,000", goal: below(2.5) },
  ],
  take,
};

async function take({ folder, smoke }: Place): Promise<Figures> {
  const project = await BenchProject.open(folder);
  try {
    const worker = await project.worker();
    const [short, long] = smoke ? [50, 100] : [10_000, 20_000];
    const once = await Sleeper.make(project, { checkpoints: short, wakes: wakes + coldWakes });
    const twice = await Sleeper.make(project, { checkpoints: long, wakes });
    // In turns, so that what a worker learns on the way (compiled code, cached pages) is of use to both.
    for (let n = 0; n < wakes; n++) for (const sleeper of [once, twice]) await sleeper.wakeUp();
    await Promise.all([once.atRest(), twice.atRest()]);
    await worker.stop();
    await wakeColdly(project, once);
    const all = await once.latencies();
    const [warm, double] = [median(all.slice(0, wakes)), median(await twice.latencies())];
    return {
      wake_10000_ms: rounded(warm),
      wake_20000_ms: rounded(double),
      wake_10000_cold_ms: rounded(median(all.slice(wakes))),
      ratio_wake: rounded(double / warm),
    };
  } finally {
    await project.close();
  }
}

async function wakeColdly(project: BenchProject, sleeper: Sleeper): Promise<void> {
  for (let n = 0; n < coldWakes; n++) {
    const worker = await project.worker();
    await sleeper.wakeUp();
    await sleeper.atRest();
    await worker.stop();
  }
}

interface Length {
  checkpoints: number;
  wakes: number;
}

/** An execution that has recorded so many checkpoints, and waits. */
class Sleeper {
  readonly #project: BenchProject;
  readonly #execution: Execution;
  readonly #length: Length;
  readonly #answers: bigint[] = [];

  static async make(project: BenchProject, length: Length): Promise<Sleeper> {
    const [execution] = await project.run("flows/wake.ts:wake", [length]);
    if (execution === undefined) throw new Error("nothing was run");
    return new Sleeper(project, await project.reached(execution, "waiting"), length);
  }

  private constructor(project: BenchProject, execution: Execution, length: Length) {
    this.#project = project;
    this.#execution = execution;
    this.#length = length;
  }

  /** Resolves when it waits again or has ended. */
  async atRest(): Promise<void> {
    await this.#project.reached(this.#execution, "waiting", "completed");
  }

  async wakeUp(): Promise<void> {
    await this.atRest();
    this.#answers.push(process.hrtime.bigint());
    const { id } = this.#execution;
    await this.#project.operations.executions.input({ execution_id: id, value: true, wait_seconds: 0 });
  }

  /** Milliseconds from each answer until the body had gone past the wait. @throws Error when a checkpoint ran twice */
  async latencies(): Promise<number[]> {
    const { checkpoints, wakes: times } = this.#length;
    const instants = z.array(z.bigint()).parse(await this.#project.result(this.#execution));
    const recorded = this.#project.count(
      `SELECT count(*) FROM journal WHERE execution_seq = ${this.#execution.seq} AND kind = 'checkpoint'
         AND status = 'completed' AND attempt = 1`,
    );
    if (recorded !== checkpoints + times) throw new Error(`${recorded} checkpoints are on the record`);
    if (instants.length !== times) throw new Error(`it woke up ${instants.length} times instead of ${times}`);
    return this.#answers.map((answeredAt, n) => Number((instants[n] ?? 0n) - answeredAt) / 1e6);
  }
}
