/** Runs in a process of its own: loads one version module, reports what it exports and is killed. */
import { writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";
import { brandOf, declaredCheckpoints, type FlowBrand } from "./brand.ts";
import { type DescribeRequest, lifelineFd, type Report, reportFd, type Thrown } from "./description.ts";
import { resolveAsSource } from "./resolve-hooks.ts";
import type { DescribedFlow } from "./version.ts";

void main();

async function main(): Promise<void> {
  const request = JSON.parse(process.argv[2] ?? "") as DescribeRequest;
  process.argv.length = 1;
  const exit = process.exit.bind(process);
  dieWithParent();
  reportEnds();
  process.setSourceMapsEnabled(true);
  resolveAsSource(request.moduleUrl, { source: request.sourceUrl, savepointEntry: request.savepointEntry });
  report(await describeModule(request));
  exit();
}

/** Written at once, so that it gets through even when the process ends in the next moment. */
function report(found: Report): void {
  writeFileSync(reportFd, `${JSON.stringify(found)}\n`);
}

async function describeModule({ moduleUrl, savepointEntry }: DescribeRequest): Promise<Report> {
  try {
    const module = (await import(moduleUrl)) as Record<string, unknown>;
    return describeExports(module);
  } catch (error) {
    return { kind: "threw", thrown: await describeThrown(error, savepointEntry) };
  }
}

function describeExports(module: Record<string, unknown>): Report {
  const seen = new Map<unknown, DescribedFlow>();
  for (const exportName of exportsInOrder(module)) {
    const value = module[exportName];
    const brand = brandOf(value);
    if (brand === undefined) continue;
    const known = seen.get(value);
    if (known !== undefined) known.aliases = [...(known.aliases ?? []), exportName];
    else {
      try {
        seen.set(value, describeFlow(exportName, brand));
      } catch (error) {
        return { kind: "undescribable", flow: brand.name, message: messageOf(error) };
      }
    }
  }
  return { kind: "described", description: { flows: [...seen.values()], checkpoints: checkpointNames() } };
}

/** `default` comes last, so that a flow exported twice goes by its other name. */
function exportsInOrder(module: Record<string, unknown>): string[] {
  const names = Object.keys(module);
  return [...names.filter((name) => name !== "default"), ...names.filter((name) => name === "default")];
}

function describeFlow(exportName: string, brand: FlowBrand): DescribedFlow {
  const { inputSchema, options } = brand.describe() as Partial<DescribedFlow>;
  return JSON.parse(
    JSON.stringify({ exportName, name: brand.name, inputSchema: inputSchema ?? null, options: options ?? {} }),
  ) as DescribedFlow;
}

function checkpointNames(): string[] {
  const names: unknown = Reflect.get(globalThis, declaredCheckpoints);
  return Array.isArray(names) ? [...new Set(names.filter((name) => typeof name === "string"))] : [];
}

async function describeThrown(error: unknown, savepointEntry: string): Promise<Thrown> {
  const message = messageOf(error);
  if (!(error instanceof Error)) return { name: undefined, message, stack: "" };
  const wrongImport = /^The requested module 'savepoint' does not provide an export named/.test(message);
  const exports = wrongImport ? { exports: Object.keys((await import(savepointEntry)) as object) } : {};
  return { name: error.name, message, stack: String(error.stack), ...exports };
}

/** Code that ends the process, or waits for nothing, never comes back to us: that is reported on the way out. */
function reportEnds(): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    const exitCode = Number(code ?? process.exitCode ?? 0);
    report({ kind: "exits", exitCode, stack: String(new Error("exit").stack) });
    return exit(code);
  };
  process.once("beforeExit", () => report({ kind: "never_settles" }));
  // An error that nobody waits for is no reason not to know the flows; a worker survives it as well.
  process.on("uncaughtException", (error) => process.stderr.write(`${messageOf(error)}\n`));
}

/**
 * The lifeline closes when the parent dies, however it dies. A thread watches it, because the code that is loaded may
 * block this one for ever.
 */
function dieWithParent(): void {
  const group = process.platform === "win32" ? process.pid : -process.pid;
  const watch = `new (require("node:net").Socket)({ fd: ${lifelineFd}, readable: true })
    .on("error", () => {}).on("close", () => process.kill(${group}, "SIGKILL")).resume();`;
  new Worker(watch, { eval: true, execArgv: [] }).unref();
}
