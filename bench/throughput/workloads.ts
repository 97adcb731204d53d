import type { Subject } from "./subject.ts";

/** How much of each is done in one round. */
export interface Sizes {
  rounds: number;
  /** Checkpoints of the one execution of the sequential measure. */
  sequential: number;
  /** Executions of the grouped measure. */
  grouped: number;
  /** Executions whose latency is taken. */
  latency: number;
}

export const fullSizes: Sizes = { rounds: 7, sequential: 2_000, grouped: 2_500, latency: 300 };
export const smokeSizes: Sizes = { rounds: 2, sequential: 20, grouped: 60, latency: 10 };

const atATime = 50;
const checkpointsEach = 5;

/** Checkpoints per second in one execution. */
export async function sequential(subject: Subject, { sequential: checkpoints }: Sizes): Promise<number> {
  const seconds = await timed(() => subject.execute(checkpoints));
  return checkpoints / seconds;
}

/** Checkpoints per second while fifty executions run at a time, each followed by the next as soon as it has ended. */
export async function grouped(subject: Subject, { grouped: executions }: Sizes): Promise<number> {
  let left = executions;
  const lane = async () => {
    while (left-- > 0) await subject.execute(checkpointsEach);
  };
  const seconds = await timed(() => Promise.all(Array.from({ length: atATime }, lane)));
  return (executions * checkpointsEach) / seconds;
}

/** Milliseconds that each of a row of one-checkpoint executions took, from the call to its end being seen. */
export async function latencies(subject: Subject, { latency: executions }: Sizes): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < executions; i++) taken.push(1_000 * (await timed(() => subject.execute(1))));
  return taken;
}

/** What a subject has on its record after one round. */
export function perRound({ sequential: checkpoints, grouped: executions, latency: singles }: Sizes) {
  return {
    executions: 1 + executions + singles,
    checkpoints: checkpoints + executions * checkpointsEach + singles,
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
