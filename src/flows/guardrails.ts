import type { Duration } from "../core/durations.ts";
import type { LimitName, Limits, OnExceed } from "../core/guardrails.ts";
import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { checkOptions, readLimit } from "./option-checks.ts";

/** What models and agents may use; what is left out is not limited. Executions below count in those above. */
export interface Guardrails {
  /** Requests to models. */
  maxRequests?: number;
  /** Tokens of input and output together. */
  maxTokens?: number;
  /** Calls of tools, by models and agents. */
  maxToolCalls?: number;
  /** Answers of models, of agents' too. */
  maxTurns?: number;
  /** Dollars. */
  maxCostUsd?: number;
  /** Time of work, without the time in which it waits; milliseconds or "30m". */
  maxTime?: Duration;
  /** At a limit the work fails, or a person is asked for a higher one. Default "fail". */
  onExceed?: OnExceed;
}

const counts: readonly [keyof Guardrails, LimitName][] = [
  ["maxRequests", "max_requests"],
  ["maxTokens", "max_tokens"],
  ["maxToolCalls", "max_tool_calls"],
  ["maxTurns", "max_turns"],
];

/** The guardrails as they are recorded; undefined where there are none. @throws MisuseError */
export function readGuardrails(what: string, guardrails: Guardrails | undefined): Limits | undefined {
  if (guardrails === undefined) return undefined;
  const names = [...counts.map(([name]) => name), "maxCostUsd", "maxTime", "onExceed"] as const;
  checkOptions<Guardrails>(`${what}: guardrails`, guardrails, names);
  const limits: Limits = {};
  for (const [name, limit] of counts) {
    const value = guardrails[name];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || Number(value) < 0) {
      throw new MisuseError(`${what}: guardrails.${name} must be a whole number, 0 or more; it is ${shown(value)}`);
    }
    limits[limit] = Number(value);
  }
  const { maxCostUsd, maxTime, onExceed } = guardrails;
  if (maxCostUsd !== undefined) limits.max_cost_usd = readCost(what, maxCostUsd);
  if (maxTime !== undefined) limits.max_time = readLimit(`${what}: guardrails.maxTime`, maxTime);
  if (onExceed !== undefined) limits.on_exceed = readOnExceed(what, onExceed);
  return limits;
}

function readCost(what: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new MisuseError(`${what}: guardrails.maxCostUsd must be a number of dollars, 0 or more; it is ${shown(value)}`);
}

function readOnExceed(what: string, value: unknown): OnExceed {
  if (value === "fail" || value === "ask") return value;
  throw new MisuseError(`${what}: guardrails.onExceed must be "fail" or "ask"; it is ${shown(value)}`);
}
