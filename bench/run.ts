import { mkdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { temporaryFolder, warnOfMemoryDisk } from "./disk.ts";
import { type Figures, type Measure, requireFigures } from "./measure.ts";
import { answer } from "./measures/answer.ts";
import { definitions } from "./measures/definitions.ts";
import { page } from "./measures/page.ts";
import { recovery } from "./measures/recovery.ts";
import { steps } from "./measures/steps.ts";
import { throughput } from "./measures/throughput.ts";
import { waiting } from "./measures/waiting.ts";
import { wake } from "./measures/wake.ts";
import { type Options, readOptions, UsageError, usage } from "./options.ts";
import { type Circumstances, table } from "./report.ts";

const measures: readonly Measure[] = [throughput, steps, definitions, answer, wake, waiting, page, recovery];
const names = measures.map(({ name }) => name);

await main(process.argv.slice(2));

async function main(args: string[]): Promise<void> {
  try {
    const options = readOptions(args, names);
    if (options.help) console.log(usage(names));
    else await bench(options);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    if (isUsage) console.error(`\n${usage(names)}`);
    // What failed may have left something running, which would keep the process.
    process.exit(isUsage ? 2 : 1);
  }
}

async function bench(options: Options): Promise<void> {
  const startedAt = performance.now();
  warnOfMemoryDisk(options.dir);
  const folder = temporaryFolder(options.dir);
  const chosen = measures.filter(({ name }) => options.only.includes(name));
  const figures: Figures = {};
  for (const measure of chosen) Object.assign(figures, await take(measure, folder, options));
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  print(chosen, figures, { ...options, node: process.versions.node, cpus: availableParallelism(), seconds });
}

async function take(measure: Measure, parent: string, { json, smoke }: Options): Promise<Figures> {
  if (!json) console.error(`bench: ${measure.name}`);
  const folder = join(parent, measure.name);
  mkdirSync(folder);
  const figures = await measure.take({ folder, smoke });
  rmSync(folder, { recursive: true, maxRetries: 5 });
  requireFigures(measure, figures);
  return figures;
}

function print(chosen: readonly Measure[], figures: Figures, run: Options & Circumstances): void {
  const { json, smoke, node, cpus, seconds } = run;
  const lines = chosen.flatMap((measure) => measure.lines);
  if (json) console.log(JSON.stringify({ ...figures, node, cpus, seconds }));
  else console.log(table(lines, figures, { node, cpus, seconds, judged: !smoke }));
}
