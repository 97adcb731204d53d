import { availableParallelism } from "node:os";
import { join } from "node:path";
import { temporaryFolder, warnOfMemoryDisk } from "./disk.ts";
import { openEngine } from "./engine.ts";
import { type Measures, measuresOf, type Rates, requireMeasures } from "./measures.ts";
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
  const engine = openEngine(join(folder, "engine"));
  const prototype = openPrototype(folder);
  const rates = { engine: noRates(), prototype: noRates() };
  const taken: number[] = [];
  for (let round = 0; round <= sizes.rounds; round++) {
    // Who goes first alternates too: whatever the first leaves behind (garbage, dirty pages) meets the second.
    const turns = round % 2 === 0 ? [prototype, engine] : [engine, prototype];
    const kept = round === 0 ? undefined : rates;
    for (const subject of turns) await rate(subject, sizes, kept?.[subject.name]);
    const latency = await latencies(engine, sizes);
    if (round > 0) taken.push(...latency);
  }
  await closeAndVerify(engine, sizes, true);
  await closeAndVerify(prototype, sizes, false);
  return measuresOf(rates.engine, rates.prototype, taken);
}

async function rate(subject: Subject, sizes: Sizes, kept: Rates | undefined): Promise<void> {
  const one = await sequential(subject, sizes);
  const many = await grouped(subject, sizes);
  kept?.sequential.push(one);
  kept?.grouped.push(many);
}

async function closeAndVerify(subject: Subject, sizes: Sizes, withLatency: boolean): Promise<void> {
  await subject.close();
  const { executions, checkpoints } = perRound(sizes, withLatency);
  const rounds = sizes.rounds + 1;
  verifyRecord(subject, { executions: executions * rounds, checkpoints: checkpoints * rounds });
}

function print(run: Run, { json, smoke }: Options): void {
  console.log(json ? JSON.stringify(run) : table(run, { judged: !smoke }));
}

function noRates(): Rates {
  return { sequential: [], grouped: [] };
}

function isUsageError(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException)?.code).startsWith("ERR_PARSE_ARGS");
}
