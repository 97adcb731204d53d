import { tmpdir } from "node:os";
import { parseArgs } from "node:util";

export interface Options {
  json: boolean;
  smoke: boolean;
  help: boolean;
  /** Where the databases are made: the disk that is measured. */
  dir: string;
  /** The measures to take. */
  only: string[];
}

/** What was wrong with the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function usage(measures: readonly string[]): string {
  return `npm run bench -- [--json] [--smoke] [--only <measure,...>] [--dir <folder>]

  --json   print one JSON object and nothing else
  --smoke  everything tiny: judges no times, fails when a figure is missing or a count is wrong
  --only   take these measures alone: ${measures.join(", ")}
  --dir    measure the disk of this folder (default: ${tmpdir()})`;
}

/** @throws UsageError for a flag or a measure that there is not */
export function readOptions(args: string[], measures: readonly string[]): Options {
  const { only, ...values } = parse(args);
  const chosen = only?.split(",").map((name) => name.trim()) ?? [...measures];
  const unknown = chosen.filter((name) => !measures.includes(name));
  if (unknown.length > 0) throw new UsageError(`--only: there is no measure ${unknown.join(", ")}`);
  return { ...values, only: chosen };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        json: { type: "boolean", default: false },
        smoke: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        dir: { type: "string", default: tmpdir() },
        only: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
