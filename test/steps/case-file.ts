import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

const anything = z.unknown();
const record = z.record(z.string(), anything);

/** How a mocked model answers: with a value, a list in turn, by what it is asked, or not at all. */
const reply = z.union([
  z.strictObject({ $inTurn: z.array(anything) }),
  z.strictObject({ $byContent: record }),
  z.strictObject({ $fails: z.int() }),
  anything,
]);

const response = z.strictObject({
  status: z.int().default(200),
  headers: z.record(z.string(), z.string()).default({}),
  body: anything.optional(),
});

/** A definition, the world around it, and what is to come of it. */
const caseShape = z.strictObject({
  title: z.string(),
  /** Its name says in which form the definition is written. */
  file: z.string().default("case.yaml"),
  definition: z.string(),
  input: record.default({}),
  /** Other definitions of the project. */
  workflows: z.array(z.string()).default([]),
  /** JavaScript of the modules beside it. */
  functions: z.record(z.string(), z.string()).default({}),
  files: z.record(z.string(), z.string()).default({}),
  secrets: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  env: z.record(z.string(), z.string()).default({}),
  /** By step. */
  models: z.record(z.string(), reply).default({}),
  /** Models that the run asks for. */
  runModels: z.record(z.string(), z.string()).optional(),
  /** What Claude Code does, run by run. */
  claude: z.array(record).optional(),
  /** By "GET /path"; SERVER in the definition stands for the address. A list is answered in turn. */
  http: z.record(z.string(), z.union([response, z.array(response)])).default({}),
  /** Whether the project has an MCP server, called local. */
  hasServer: z.boolean().default(false),
  /** What is answered or how long nobody does anything, in this order. */
  people: z
    .array(z.union([z.strictObject({ wait: z.string(), value: anything }), z.strictObject({ nobodyFor: z.string() })]))
    .default([]),
  /** Whether it is run once more with a crash in the middle; no where something is answered in turn. */
  crash: z.boolean().default(true),
  /** Whether something in it never ends by itself, so that nobody waits for it for long. */
  isStuck: z.boolean().default(false),

  output: anything.optional(),
  /** Some of what an output that is an object holds. */
  outputHas: record.optional(),
  /** By selector: "each[0]/fetch". */
  statuses: z.record(z.string(), z.string()).default({}),
  attempts: z.record(z.string(), z.int()).default({}),
  /** Error codes of steps, by selector. */
  codes: z.record(z.string(), z.string()).default({}),
  /** Some of the timeline in its order: "type", or "type selector". */
  events: z.array(z.string()).default([]),
  /** All events of the workflow's own, "name: data as JSON", in order or, where steps ran at the same time, in any. */
  emitted: z.array(z.string()).optional(),
  emittedInAnyOrder: z.array(z.string()).optional(),
  artifacts: record.default({}),
  /** Files that were written. */
  written: z.record(z.string(), z.string()).default({}),
  /** What models were asked, by step: the beginning of the last prompt. */
  asked: z.record(z.string(), z.array(z.string())).default({}),
  /** What the HTTP server got: "GET /path" and what else is told. */
  requests: z.array(record).optional(),
  /** Texts that may stand nowhere in the record. */
  hidden: z.array(z.string()).default([]),
  failure: z.strictObject({ code: z.string(), step: z.string().optional(), message: z.string() }).optional(),
});

export type RunCase = z.output<typeof caseShape> & { name: string };

/** Every case of a folder, by name. */
export function readCases(folder: string): RunCase[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => {
      const parsed = caseShape.safeParse(parse(readFileSync(join(folder, name), "utf8")));
      if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
      return { ...parsed.data, name: name.replace(/\.yaml$/, "") };
    });
}

/** Whether what is around it answers the same however often it is asked. */
export function isRepeatable({ crash, models, http, claude }: RunCase): boolean {
  const inTurn = Object.values(models).some((one) => typeof one === "object" && one !== null && "$inTurn" in one);
  return crash && !inTurn && claude === undefined && !Object.values(http).some(Array.isArray);
}
