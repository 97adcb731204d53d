import { tmpdir } from "node:os";
import { parseArgs } from "node:util";

export interface Options {
  json: boolean;
  smoke: boolean;
  help: boolean;
  /** Where the databases are made: the disk that is measured. */
  dir: string;
}

export const usage = `npm run bench -- [--json] [--smoke] [--dir <folder>]

  --json   print one JSON object and nothing else
  --smoke  everything tiny: judges no times, fails when a measure is missing or a count is wrong
  --dir    measure the disk of this folder (default: ${tmpdir()})`;

/** @throws Error for a flag that there is not */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      smoke: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      dir: { type: "string", default: tmpdir() },
    },
  });
  return values;
}
