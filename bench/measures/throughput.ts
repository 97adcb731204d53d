import { median, percentile, rounded } from "../figures.ts";
import { atLeast, below, type Figures, type Measure, type Place } from "../measure.ts";
import { openEngine } from "../throughput/engine.ts";
import { openPrototype } from "../throughput/prototype.ts";
import { verifyRecord } from "../throughput/record.ts";
import type { Subject } from "../throughput/subject.ts";
import {
  fullSizes,
  grouped,
  latencies,
  perRound,
  type Sizes,
  sequential,
  smokeSizes,
} from "../throughput/workloads.ts";

/** How fast the engine is beside the bare prototype; rates are checkpoints per second. */
export const throughput: Measure = {
  name: "throughput",
  lines: [
    { key: "sequential", title: "sequential, engine (checkpoints/s)" },
    { key: "prototype_sequential", title: "sequential, prototype (checkpoints/s)" },
    { key: "ratio_sequential", title: "sequential, engine / prototype", goal: atLeast(0.6) },
    { key: "grouped", title: "50 at a time, engine (checkpoints/s)" },
    { key: "prototype_grouped", title: "50 at a time, prototype (checkpoints/s)" },
    { key: "ratio_grouped", title: "50 at a time, engine / prototype", goal: atLeast(0.4) },
    { key: "latency_p50_ms", title: "one-checkpoint execution, p50 (ms)", goal: below(2) },
    { key: "latency_p99_ms", title: "one-checkpoint execution, p99 (ms)", goal: below(10) },
    { key: "prototype_latency_p50_ms", title: "the same, prototype, p50 (ms)" },
    { key: "prototype_latency_p99_ms", title: "the same, prototype, p99 (ms)" },
  ],
  take,
};

interface Rounds {
  sequential: number[];
  grouped: number[];
  latencies: number[][];
}

interface Entrant {
  subject: Subject;
  rounds: Rounds;
}

/** Engine and prototype take turns, so that whatever else the machine does meets both; the first round warms up. */
async function take({ folder, smoke }: Place): Promise<Figures> {
  const sizes = smoke ? smokeSizes : fullSizes;
  const engine = { subject: openEngine(`${folder}/engine`), rounds: noRounds() };
  const prototype = { subject: openPrototype(folder), rounds: noRounds() };
  // Who goes first alternates too: whatever the first leaves behind (garbage, dirty pages) meets the second.
  const turns = [engine, prototype];
  await round(
    turns.map(({ subject }) => ({ subject, rounds: noRounds() })),
    sizes,
  );
  for (let left = sizes.rounds; left > 0; left--) await round(turns.reverse(), sizes);
  for (const { subject } of turns) await closeAndVerify(subject, sizes);
  return figuresOf(engine.rounds, prototype.rounds);
}

async function round(turns: readonly Entrant[], sizes: Sizes): Promise<void> {
  for (const { subject, rounds } of turns) rounds.sequential.push(await sequential(subject, sizes));
  for (const { subject, rounds } of turns) rounds.grouped.push(await grouped(subject, sizes));
  for (const { subject, rounds } of turns) rounds.latencies.push(await latencies(subject, sizes));
}

async function closeAndVerify(subject: Subject, sizes: Sizes): Promise<void> {
  await subject.close();
  const { executions, checkpoints } = perRound(sizes);
  const rounds = sizes.rounds + 1;
  verifyRecord(subject, { executions: executions * rounds, checkpoints: checkpoints * rounds });
}

function figuresOf(engine: Rounds, prototype: Rounds): Figures {
  const rates = {
    sequential: Math.round(median(engine.sequential)),
    grouped: Math.round(median(engine.grouped)),
    prototype_sequential: Math.round(median(prototype.sequential)),
    prototype_grouped: Math.round(median(prototype.grouped)),
  };
  return {
    ...rates,
    ratio_sequential: rounded(rates.sequential / rates.prototype_sequential),
    ratio_grouped: rounded(rates.grouped / rates.prototype_grouped),
    latency_p50_ms: latency(engine, 50),
    latency_p99_ms: latency(engine, 99),
    prototype_latency_p50_ms: latency(prototype, 50),
    prototype_latency_p99_ms: latency(prototype, 99),
  };
}

/** The percentile of each round, and of these the median: a stall of the disk in one round is not the engine's. */
function latency({ latencies: rounds }: Rounds, percent: number): number {
  return rounded(median(rounds.map((taken) => percentile(taken, percent))));
}

function noRounds(): Rounds {
  return { sequential: [], grouped: [], latencies: [] };
}
