import { z } from "zod";
import type { DefinitionProblem } from "./app-types.ts";

export const problemSchema = z.object({
  severity: z.enum(["error", "warning"]),
  code: z.string(),
  file: z.string(),
  line: z.number(),
  column: z.number(),
  field: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
});

export function problemView(problem: DefinitionProblem): z.input<typeof problemSchema> {
  return { ...problem, hint: problem.hint ?? null };
}

/** Whether a definition with these problems can be run. */
export function isValid(problems: readonly Pick<DefinitionProblem, "severity">[]): boolean {
  return problems.every(({ severity }) => severity !== "error");
}
