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

/** Engine and prototype take turns, so that whatever else the machine does meets both; a first round warms up. */
async function measure(folder: string, sizes: Sizes): Promise<Measures> {
  const subjects = { engine: openEngine(join(folder, "engine")), prototype: openPrototype(folder) };
  const kept = { engine: noRounds(), prototype: noRounds() };
  for (let number = 0; number <= sizes.rounds; number++) {
    // Who goes first alternates too: whatever the first leaves behind (garbage, dirty pages) meets the second.
    const turns = ["prototype", "engine"] as const;
    for (const name of number % 2 === 0 ? turns : turns.toReversed()) {
      await round(subjects[name], sizes, number === 0 ? noRounds() : kept[name]);
    }
  }
  for (const subject of Object.values(subjects)) await closeAndVerify(subject, sizes);
  return measuresOf(kept.engine, kept.prototype);
}

async function round(subject: Subject, sizes: Sizes, kept: Rounds): Promise<void> {
  kept.sequential.push(await sequential(subject, sizes));
  kept.grouped.push(await grouped(subject, sizes));
  kept.latencies.push(await latencies(subject, sizes));
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
