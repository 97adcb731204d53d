import { isNativeError } from "node:util/types";
import { type Context, createContext, Script } from "node:vm";
import { UserError } from "./errors.ts";

const longestMs = 1_000;
/** Too short for any pattern to take its time. */
const harmlessLength = 8;

let place: { context: Context; script: Script } | undefined;
let current: () => boolean = () => false;

/**
 * A regular expression that gives up after a second: whoever writes a schema or a value could otherwise stop the
 * process, as `^(a+)+$` does with forty letters.
 */
export function boundedPattern(pattern: string, flags: string): { test(text: string): boolean; toString(): string } {
  const expression = new RegExp(pattern, flags);
  const mayTakeLong = (pattern.match(/[*+}]/g)?.length ?? 0) > 1;
  return {
    // Ajv takes patterns of the same text for the same pattern.
    toString: () => String(expression),
    test(text) {
      if (!mayTakeLong || text.length <= harmlessLength) return expression.test(text);
      return within(() => expression.test(text), pattern);
    },
  };
}

/** Ajv names the engine by this in the code that it makes. */
boundedPattern.code = "boundedPattern";

function within(check: () => boolean, pattern: string): boolean {
  place ??= { context: createContext({ check: () => current() }), script: new Script("check()") };
  const { context, script } = place;
  current = check;
  try {
    return script.runInContext(context, { timeout: longestMs }) === true;
  } catch (error) {
    // The error comes from another realm, where Error is another class.
    const isTimeout = isNativeError(error) && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
    if (!isTimeout) throw error;
    throw new UserError("invalid_input", `the pattern ${pattern.slice(0, 100)} takes too long on this value`, {
      hint: "Repetitions within repetitions, as in (a+)+, try every way to divide the text: write a+ instead, or limit the text by maxLength.",
      cause: error,
    });
  }
}
