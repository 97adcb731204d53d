import { z } from "zod";
import { filledText, refuse } from "./fields.ts";

export const operators = ["eq", "ne", "gt", "lt", "gte", "lte", "contains", "exists"] as const;
export type Operator = (typeof operators)[number];

/** What a branch, a loop or a step depends on. */
export type Condition = Comparison | { all: Condition[] } | { any: Condition[] } | { not: Condition };

export interface Comparison {
  /** A reference: `$.step.path` or `{{ … }}`. */
  field: string;
  operator: Operator;
  value?: unknown;
}

const nested: z.ZodType<Condition> = z.lazy(() => condition);
const several = z.array(nested).min(1, "must hold at least one condition");

export const comparisonShape = {
  field: filledText,
  operator: z.enum(operators),
  value: z.unknown().optional(),
};

/** `exists` compares with nothing, everything else with something. */
function checkComparison({ operator, ...rest }: { operator?: Operator | undefined }, context: z.RefinementCtx): void {
  const hasValue = Object.hasOwn(rest, "value");
  if (operator === "exists" && hasValue) {
    const hint = "To ask whether something is missing, put the comparison under not.";
    refuse(context, ["value"], { message: "exists takes no value", hint });
  }
  if (operator !== undefined && operator !== "exists" && !hasValue) {
    refuse(context, ["value"], { message: `${operator} needs a value to compare with`, code: "missing_field" });
  }
}

/** A condition as files write it. */
export const condition: z.ZodType<Condition> = z.union([
  z.strictObject(comparisonShape).superRefine(checkComparison),
  z.strictObject({ all: several }),
  z.strictObject({ any: several }),
  z.strictObject({ not: nested }),
]);

/** What `when` and `while` take: a condition, or one reference that must hold something true. */
export const test = z.union([filledText, condition]);
export type Test = z.infer<typeof test>;
