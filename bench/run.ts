import { availableParallelism } from "node:os";
import { join } from "node:path";
import { temporaryFolder, warnOfMemoryDisk } from "./disk.ts";
import { openEngine } from "./engine.ts";
import { type Measures, measuresOf, type Rounds, requireMeasures } from "./measures.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { openPrototype } from "./prototype.ts";
import { verifyRecord } from "./record.ts";
import { type Run, table } from "./report.ts";
import type { Subject } from "./subject.ts";
import { fullSizes, grouped, latencies, perRound, type Sizes, sequential, smokeSizes } from "./workloads.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) console.log(usage);
    else print(await bench(options), options);
    return 0;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    if (isUsageError(error)) console.error(`\n${usage}`);
    // What failed may have left the worker running, which would keep the process.
    process.exit(isUsageError(error) ? 2 : 1);
  }
}

async function bench({ dir, smoke }: Options): Promise<Run> {
  const startedAt = performance.now();
  warnOfMemoryDisk(dir);
  const measures = await measure(temporaryFolder(dir), smoke ? smokeSizes : fullSizes);
  requireMeasures(measures);
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return { ...measures, node: process.versions.node, cpus: availableParallelism(), seconds };
}

interface Entrant {
  subject: Subject;
  rounds: Rounds;
}

/** Engine and prototype take turns, so that whatever else the machine does meets both; the first round warms up. */
async function measure(folder: string, sizes: Sizes): Promise<Measures> {
  const engine = { subject: openEngine(join(folder, "engine")), rounds: noRounds() };
  const prototype = { subject: openPrototype(folder), rounds: noRounds() };
  // Who goes first alternates too: whatever the first leaves behind (garbage, dirty pages) meets the second.
  const turns = [engine, prototype];
  await round(
    turns.map(({ subject }) => ({ subject, rounds: noRounds() })),
    sizes,
  );
  for (let left = sizes.rounds; left > 0; left--) await round(turns.reverse(), sizes);
  for (const { subject } of turns) await closeAndVerify(subject, sizes);
  return measuresOf(engine.rounds, prototype.rounds);
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

function print(run: Run, { json, smoke }: Options): void {
  console.log(json ? JSON.stringify(run) : table(run, { judged: !smoke }));
}

function noRounds(): Rounds {
  return { sequential: [], grouped: [], latencies: [] };
}

function isUsageError(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException)?.code).startsWith("ERR_PARSE_ARGS");
}
