/** Runs in a process of its own: loads one version module, reports what it exports and is killed. */
import { Worker } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";
import { brandOf, declaredCheckpoints, type FlowBrand } from "./brand.ts";
import type { DescribeRequest, Report, Thrown } from "./description.ts";
import { resolveAsSource } from "./resolve-hooks.ts";
import type { DescribedFlow } from "./version.ts";

void main();

async function main(): Promise<void> {
  const request = JSON.parse(process.argv[2] ?? "") as DescribeRequest;
  dieWithParent();
  const report = reporter();
  const exit = process.exit.bind(process);
  keepCodeFromEnding(report);
  process.setSourceMapsEnabled(true);
  resolveAsSource(request.moduleUrl, { source: request.sourceUrl, savepointEntry: request.savepointEntry });
  const found = await describeModule(request);
  report(found);
  if (found.kind !== "described") exit(1);
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

/** Takes the channel away from the code that is loaded, so that nothing but reports goes over it. */
function reporter(): (report: Report) => void {
  const send = process.send?.bind(process);
  Object.assign(process, { send: undefined, disconnect: undefined, argv: process.argv.slice(0, 1) });
  return (report) => send?.(JSON.stringify(report));
}

function keepCodeFromEnding(report: (report: Report) => void): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    report({ kind: "exits", exitCode: Number(code ?? process.exitCode ?? 0), stack: String(new Error("exit").stack) });
    return exit(code);
  };
  // An error that nobody waits for is no reason not to know the flows; a worker survives it as well.
  process.on("uncaughtException", (error) => process.stderr.write(`${messageOf(error)}\n`));
  process.once("beforeExit", () => report({ kind: "never_settles" }));
}

/**
 * The other end of descriptor 4 closes when the parent dies, however it dies. A thread watches it, because the code
 * that is loaded may block this one for ever.
 */
function dieWithParent(): void {
  const group = process.platform === "win32" ? process.pid : -process.pid;
  const watch = `new (require("node:net").Socket)({ fd: 4, readable: true })
    .on("error", () => {}).on("close", () => process.kill(${group}, "SIGKILL")).resume();`;
  new Worker(watch, { eval: true, execArgv: [] }).unref();
}
