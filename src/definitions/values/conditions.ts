import { isDeepStrictEqual } from "node:util";
import type { Comparison, Operator, Test } from "../model/condition.ts";
import { MissingValueError } from "./reference.ts";
import type { Scope } from "./scope.ts";
import { compileValue } from "./value.ts";

/**
 * Whether a condition holds. A field that holds nothing is null. Numbers and booleans written as texts count as such;
 * `exists` is false for null; an order with null, or between values of two kinds, is false.
 */
export function evaluateCondition(condition: Test, scope: Scope): boolean {
  if (typeof condition === "string") return isTrue(read(condition, scope));
  if ("all" in condition) return condition.all.every((one) => evaluateCondition(one, scope));
  if ("any" in condition) return condition.any.some((one) => evaluateCondition(one, scope));
  if ("not" in condition) return !evaluateCondition(condition.not, scope);
  return compare(condition, scope);
}

function compare({ field, operator, value }: Comparison, scope: Scope): boolean {
  const left = read(field, scope);
  if (operator === "exists") return left !== null && left !== undefined;
  return holds(operator, left, compileValue(value).render(scope));
}

function read(text: string, scope: Scope): unknown {
  try {
    return compileValue(text).render(scope) ?? null;
  } catch (error) {
    if (error instanceof MissingValueError) return null;
    throw error;
  }
}

/** Nothing, false, 0, no text and the text "false" are not true. */
function isTrue(value: unknown): boolean {
  return typeof value === "string" ? !/^\s*(false)?\s*$/i.test(value) : Boolean(value);
}

function holds(operator: Exclude<Operator, "exists">, left: unknown, right: unknown): boolean {
  switch (operator) {
    case "eq":
      return isEqual(left, right);
    case "ne":
      return !isEqual(left, right);
    case "gt":
      return order(left, right) > 0;
    case "lt":
      return order(left, right) < 0;
    case "gte":
      return order(left, right) >= 0;
    case "lte":
      return order(left, right) <= 0;
    case "contains":
      return contains(left, right);
    default:
      return operator satisfies never;
  }
}

function isEqual(left: unknown, right: unknown): boolean {
  if (typeof left === typeof right) return isDeepStrictEqual(left, right);
  const numbers = [left, right].map(numberOf);
  if (typeof left === "number" || typeof right === "number") return numbers[0] === numbers[1];
  const isBoolean = typeof left === "boolean" || typeof right === "boolean";
  return isBoolean && left !== null && right !== null && String(left) === String(right);
}

/** Negative, zero or positive; NaN where the two have no order. */
function order(left: unknown, right: unknown): number {
  const a = numberOf(left);
  const b = numberOf(right);
  if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  if (typeof left !== "string" || typeof right !== "string") return Number.NaN;
  return left < right ? -1 : left > right ? 1 : 0;
}

function contains(whole: unknown, part: unknown): boolean {
  if (typeof whole === "string") return part !== null && typeof part !== "object" && whole.includes(String(part));
  if (Array.isArray(whole)) return whole.some((item) => isEqual(item, part));
  return typeof whole === "object" && whole !== null && typeof part === "string" && Object.hasOwn(whole, part);
}

/** A number, also one written as a text; NaN for everything else. */
function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value)
    ? Number(value)
    : Number.NaN;
}
