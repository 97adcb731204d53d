import { parseArgs } from "node:util";
import { z } from "zod";

const suiteNames = ["programs", "kills", "writes", "zombie", "damage", "races"] as const;

export interface Options {
  seed: number;
  programs: number;
  kills: number;
  only: string[] | undefined;
  /** Minutes; undefined: no soak. */
  soak: number | undefined;
  planted: boolean;
  json: boolean;
  help: boolean;
}

export const usage = `npm run crash -- [--seed N] [--programs N] [--kills N] [--only <suite>,...] [--json]
npm run crash -- --soak <minutes> [--seed N] [--json]
npm run crash -- --planted [--json]

  --seed      the seed of the first program; every mismatch tells its own (default: a random one)
  --programs  how many random programs run in this process (default: 100)
  --kills     how many processes are killed at the least (default: 20, or a twentieth of the programs)
  --only      these suites alone: ${suiteNames.join(", ")}
  --soak      workers that are killed and stopped all the time, for so many minutes
  --planted   shows that the suites find bugs: plants some in a copy and runs the suites there
  --json      print one JSON object and nothing else`;

const whole = z.coerce.number().int().nonnegative();
const given = z.object({
  seed: whole.default(() => Math.floor(Math.random() * 1e9)),
  programs: whole.default(100),
  kills: whole.optional(),
  only: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(suiteNames)))
    .optional(),
  soak: z.coerce.number().positive().optional(),
  planted: z.boolean().default(false),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});

/** @throws Error for a flag that there is not, or one whose value makes no sense */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: "string" },
      programs: { type: "string" },
      kills: { type: "string" },
      only: { type: "string" },
      soak: { type: "string" },
      planted: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const parsed = given.safeParse(values);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const { kills, only, soak, ...options } = parsed.data;
  return { ...options, only, soak, kills: kills ?? Math.max(20, Math.ceil(options.programs / 20)) };
}
