import { isDeepStrictEqual } from "node:util";
import { decodeValue, encodeValue } from "../../src/core/values.ts";
import type { Execution } from "../../src/store/execution.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import type { EngineProcess } from "../simulated/process.ts";
import type { Observation } from "./observations.ts";
import { blur, expectedOf } from "./oracle.ts";
import { familyOf, type Kept } from "./record.ts";
import { hasStep, type Program } from "./steps.ts";

/** A program that has ended, and all that was seen of it on the way. */
export interface Evidence {
  program: Program;
  execution: Execution;
  process: Pick<EngineProcess, "store">;
  /** The hash by which arguments are on the record; without it outputs are compared by name alone. */
  hash?: (encoded: string) => string;
  observations: readonly Observation[];
  /** How often its process died or its activation was taken from it. */
  interruptions: number;
}

/**
 * Compares what a program left behind with what the contract says.
 * @returns how many checkpoints were compared
 * @throws Error with everything that is wrong
 */
export function check(evidence: Evidence): { checkpoints: number } {
  const family = familyOf(evidence.process.store, evidence.execution);
  const problems = [
    ...outcomeProblems(evidence),
    ...family.flatMap((kept) => recordProblems(kept, evidence)),
    ...runProblems(evidence),
    ...answerProblems(evidence),
    ...sightProblems(evidence, family),
  ];
  if (problems.length > 0) throw new Error([...new Set(problems)].slice(0, 12).join("\n"));
  const checkpoints = family.flatMap(({ entries }) => entries.filter(({ kind }) => kind === "checkpoint"));
  return { checkpoints: checkpoints.length };
}

function outcomeProblems({ program, execution, process }: Evidence): string[] {
  const expected = expectedOf(program);
  const found = outcomeOf(execution, process);
  const value = Array.isArray(expected.value) && expected.value[1] === null ? expected.value : found.value;
  const isAsExpected =
    found.status === expected.status &&
    (expected.status === "failed"
      ? matches(found.value, expected.value)
      : isDeepStrictEqual(blur(value, expected.value), expected.value));
  return isAsExpected ? [] : [`it ended with ${show(found)} instead of ${show(expected)}`];
}

function outcomeOf(execution: Execution, { store }: Evidence["process"]) {
  switch (execution.status) {
    case "completed":
      return {
        status: execution.status,
        value: execution.result === null ? undefined : decodeValue(store.payloads.read(execution.result)),
      };
    case "failed":
      return { status: execution.status, value: [execution.failure.code, execution.failure.message] };
    default:
      return { status: execution.status, value: undefined };
  }
}

/** Where null is expected anything will do. */
function matches(found: unknown, expected: unknown): boolean {
  if (!Array.isArray(found) || !Array.isArray(expected)) return false;
  return expected.every((part, index) => part === null || part === found[index]);
}

/** The journal and the timeline agree with one another and with what the calls were. */
function recordProblems(kept: Kept, { program, hash }: Evidence): string[] {
  const { execution, entries, events } = kept;
  const problems: string[] = [];
  const say = (problem: string) => problems.push(`execution ${execution.workflow} ${execution.seq}: ${problem}`);
  for (const { kind, name, status } of entries) {
    if (status === "running" || status === "pending") say(`${kind} ${name} is still ${status}`);
  }
  const places = entries.map(({ kind, scope, name, occurrence }) => `${kind} ${scope}/${name}#${occurrence}`);
  if (new Set(places).size < places.length) say("two entries have one place");
  const positions = entries.flatMap(({ position }) => position ?? []);
  if (new Set(positions).size < positions.length) say("two settlements have one position");
  if (positions.some((position) => position > execution.lastPosition)) say("a position was never reserved");
  const ends = events.filter(({ type }) => /^execution_(completed|failed|cancelled)$/.test(type));
  if (ends.length !== 1 + events.filter(({ type }) => type === "execution_retried").length)
    say(`it ended ${ends.length} times`);
  if (events.some(({ type }) => type === "input_changed")) say("a call took an entry of other arguments");
  // What lost a race may have gone further once than in the last run; one that is overdue ends without a run.
  const mayLeave = program.end === "overdue" || hasStep(program.steps, "race");
  if (!mayLeave && events.some(({ type }) => type === "entries_unused")) say("entries were left that nobody asked for");
  for (const entry of entries) for (const problem of entryProblems(entry, kept, hash)) say(problem);
  return problems;
}

const settledBy =
  /^(checkpoint_(completed|failed)|wait_(answered|expired|aborted)|sleep_ended|child_(completed|failed))$/;

function entryProblems(entry: JournalEntry, { execution, events }: Kept, hash: Evidence["hash"]): string[] {
  const { kind, name, ordinal, position, startedAt, dueAt, detail } = entry;
  const problems: string[] = [];
  const own = events.filter((event) => event.ordinal === ordinal);
  const settlements = own.filter(({ type }) => settledBy.test(type)).length;
  const isObserved = ["checkpoint", "wait", "sleep", "child"].includes(kind);
  const wanted = position === null ? 0 : 1;
  // A retry opens again what had failed.
  const most = wanted + execution.attempt - 1;
  if (isObserved && (settlements < wanted || settlements > most))
    problems.push(`${kind} ${name} has ${settlements} settlements on the timeline`);
  if (kind === "checkpoint" && entry.status === "completed") problems.push(...outputProblems(entry, hash));
  const timeoutMs = detail?.["timeoutMs"];
  // A retry counts the deadlines anew of what the failure closed.
  if (kind === "wait" && typeof timeoutMs === "number" && dueAt !== startedAt + timeoutMs && execution.attempt === 1)
    problems.push(`wait ${name} moved its deadline`);
  if (kind === "sleep") {
    const started = own.find(({ type }) => type === "sleep_started")?.data;
    if (started != null && JSON.parse(started).until !== dueAt) problems.push("a sleep moved its end");
    if (position !== null && dueAt !== null && (entry.endedAt ?? 0) < dueAt) problems.push("a sleep ended early");
  }
  return problems;
}

/** What a checkpoint gives tells its name and arguments, and so whose output it is. */
function outputProblems({ name, output, argumentsHash }: JournalEntry, hash: Evidence["hash"]): string[] {
  const text = output === null ? "" : String(decodeValue(output));
  const [, made = "", list = ""] = /^(\w+)\(([\d,]*)\)$/.exec(text) ?? [];
  const args = list === "" ? [] : list.split(",").map(Number);
  const isOwn = made === name && (hash === undefined || hash(encodeValue(args, "arguments")) === argumentsHash);
  return isOwn ? [] : [`checkpoint ${name} has the output of another call: ${text}`];
}

/** An attempt whose end is on the record never runs again; one that was cut off runs once more for each cut. */
function runProblems({ observations, interruptions, execution }: Evidence): string[] {
  const problems: string[] = [];
  // A retry tries again what the failure cut off.
  const most = interruptions + execution.attempt;
  const runs = new Map<string, number>();
  for (const one of observations) {
    if (one.kind !== "ran") continue;
    const what = `${one.key}(${one.args.join()}), attempt ${one.attempt}`;
    if (one.isSettled) problems.push(`${what} ran again after its end was on the record`);
    if (!one.key.includes(":last:")) runs.set(what, (runs.get(what) ?? 0) + 1);
  }
  for (const [what, count] of runs) {
    if (count > most) problems.push(`${what} ran ${count} times in spite of ${interruptions} interruptions`);
  }
  return problems;
}

/** A wait is settled once for all; only a retry opens it again. */
function answerProblems({ observations, execution }: Evidence): string[] {
  const settled = observations.flatMap((one) => (one.kind === "settled" ? [one.wait] : []));
  const twice = settled.filter((wait, index) => settled.indexOf(wait) !== index);
  return execution.attempt > 1 ? [] : twice.map((wait) => `wait ${wait} was settled twice, and both were acknowledged`);
}

/** Every run of a body sees the same, and in the same order as far as it gets. */
function sightProblems({ program, observations }: Evidence, family: Kept[]): string[] {
  const runs = new Map<string, { body: string; sights: string[] }>();
  const seen = new Map<string, Set<string>>();
  for (const one of observations) {
    if (one.kind === "body") runs.set(one.run, { body: `${one.execution}+${one.round}`, sights: [] });
    if (one.kind !== "saw") continue;
    const run = runs.get(one.run);
    if (run === undefined) throw new Error(`no body began run ${one.run}`);
    const isValue = one.place.endsWith(" value");
    const at = `${run.body} ${one.place}`;
    if (!isValue) run.sights.push(`${one.place}=${one.what}`);
    if (!isValue || isRecorded(one.what, family)) seen.set(at, (seen.get(at) ?? new Set()).add(one.what));
  }
  const problems = [...seen].flatMap(([at, all]) => (all.size > 1 ? [`${at} saw ${show([...all])}`] : []));
  // A foreign await is invisible to the engine: what comes between two of them has no promised order.
  if (hasStep(program.steps, "foreign") || hasStep(program.steps, "crossing")) return problems;
  const longest = new Map<string, string[]>();
  for (const { body, sights } of runs.values()) {
    const other = longest.get(body) ?? [];
    const at = sights.findIndex((sight, index) => other[index] !== undefined && other[index] !== sight);
    if (at >= 0) problems.push(`${body} saw ${sights[at]} where another run saw ${other[at]} first`);
    if (sights.length > other.length) longest.set(body, sights);
  }
  return problems;
}

/** A process that died before it wrote saw values that no other will. */
function isRecorded(value: string, family: Kept[]): boolean {
  return family.some(({ entries }) => entries.some(({ output }) => output === JSON.stringify(value)));
}

function show(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 1_500);
}
