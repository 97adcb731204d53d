import { z } from "zod";
import { stepsOf } from "../model/describe.ts";
import { inputSchema } from "../model/inputs.ts";
import type { Problem } from "../problem.ts";
import type { ListedDefinition } from "./catalogue.ts";

/** What lists show of a definition, so that they need not read it. */
const summaryShape = z.strictObject({
  name: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  tags: z.array(z.string()),
  /** Of its input; null where the definition cannot be run. */
  inputSchema: z.record(z.string(), z.unknown()).nullable(),
  schedules: z.array(z.strictObject({ cron: z.string(), timezone: z.string(), enabled: z.boolean() })),
  /** Steps at any depth. */
  steps: z.number(),
  errors: z.number(),
  warnings: z.number(),
  firstError: z.strictObject({ line: z.number(), column: z.number(), message: z.string() }).nullable(),
});
export type DefinitionSummary = z.infer<typeof summaryShape>;

/** A change of what a summary holds, or of how it comes about, needs another number. */
const format = 1;

/** What the stamps of summaries begin with: those of another Savepoint are not trusted. */
export function summaryFormat(version: string): string {
  return `${format} ${version}`;
}

export function summaryOf({ name, definition, problems }: ListedDefinition): DefinitionSummary {
  const errors = problems.filter(({ severity }) => severity === "error");
  return {
    name,
    title: definition?.title ?? null,
    description: definition?.description ?? null,
    tags: definition?.tags ?? [],
    inputSchema: definition === undefined ? null : inputSchema(definition.inputs),
    schedules: (definition?.triggers ?? []).flatMap((trigger) =>
      trigger.type === "cron" ? [{ cron: trigger.cron, timezone: trigger.timezone, enabled: trigger.enabled }] : [],
    ),
    steps: stepsOf(definition?.steps ?? []).length,
    errors: errors.length,
    warnings: problems.length - errors.length,
    firstError: firstOf(errors),
  };
}

/** Undefined where the text holds something else, for example because the record is damaged. */
export function parseSummary(text: string): DefinitionSummary | undefined {
  try {
    return summaryShape.safeParse(JSON.parse(text)).data;
  } catch {
    // No JSON: the file is read again, and what is written then is right.
    return undefined;
  }
}

function firstOf([first]: readonly Problem[]): DefinitionSummary["firstError"] {
  return first === undefined ? null : { line: first.line, column: first.column, message: first.message };
}
