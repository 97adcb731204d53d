import type { Mismatch, Suite, Tally, Task } from "./suites/suite.ts";

/** What a run did and found, suite by suite and in all. */
export interface Report {
  seed: number;
  programs: number;
  /** Simulated in this process. */
  crashes: number;
  /** By SIGKILL. */
  kills: number;
  /** Compared with what they must be. */
  checkpoints: number;
  mismatches: number;
  failures: Mismatch[];
  /** Where less was done than was asked for. */
  shortfalls: string[];
  skipped: string[];
  suites: Record<string, Record<string, number>>;
  seconds: number;
  node: string;
}

export interface Ran {
  suite: Suite;
  tally: Tally;
  seconds: number;
}

export function reportOf(ran: readonly Ran[], task: Task, seconds: number): Report {
  const sum = (of: (tally: Tally) => number) => ran.reduce((total, { tally }) => total + of(tally), 0);
  const failures = ran.flatMap(({ tally }) => tally.mismatches);
  return {
    seed: task.seed,
    programs: sum(({ programs }) => programs),
    crashes: sum(({ crashes }) => crashes),
    kills: sum(({ kills }) => kills),
    checkpoints: sum(({ checkpoints }) => checkpoints),
    mismatches: failures.length,
    failures,
    shortfalls: ran.flatMap((one) => shortfallsOf(one, task)),
    skipped: ran.flatMap(({ suite, tally }) => tally.skipped.map((what) => `${suite.name}: ${what}`)),
    suites: Object.fromEntries(ran.map((one) => [one.suite.name, countsOf(one)])),
    seconds,
    node: process.versions.node,
  };
}

export function summary(report: Report): string {
  const suites = Object.entries(report.suites).map(([name, counts]) => {
    const parts = Object.entries(counts).map(([what, number]) => `${what} ${number.toLocaleString("en")}`);
    return `${name.padEnd(9)} ${parts.join(", ")}`;
  });
  const { seed, programs, crashes, kills, checkpoints, mismatches, seconds, node } = report;
  const total = `seed ${seed}: ${programs} programs, ${crashes} simulated crashes, ${kills} kills, ${checkpoints} checkpoints compared, ${mismatches} mismatches; ${seconds} s, Node ${node}`;
  return [
    ...suites,
    ...report.skipped.map((what) => `skipped   ${what}`),
    ...report.failures.map(failureText),
    ...report.shortfalls.map((what) => `TOO LITTLE  ${what}`),
    "",
    total,
  ].join("\n");
}

export function hasFailed({ mismatches, shortfalls }: Report): boolean {
  return mismatches > 0 || shortfalls.length > 0;
}

function failureText({ suite, seed, what, repeat }: Mismatch): string {
  return `MISMATCH  ${suite}, seed ${seed}: ${what}\n          repeat it: ${repeat}`;
}

function countsOf({ tally, seconds }: Ran): Record<string, number> {
  const { programs, crashes, kills, checkpoints, mismatches } = tally;
  const totals = Object.entries({ programs, crashes, kills, checkpoints }).filter(([, number]) => number > 0);
  return { ...Object.fromEntries(totals), ...tally.counts, mismatches: mismatches.length, seconds };
}

/** A run that exercised less than it was asked to must not pass. */
function shortfallsOf({ suite, tally }: Ran, task: Task): string[] {
  const { counts = {}, ...totals } = suite.floor(task);
  const missing = [
    ...Object.entries(totals).map(([what, least]) => [what, least, tally[what as keyof typeof totals]] as const),
    ...Object.entries(counts).map(([what, least]) => [what, least, tally.counts[what] ?? 0] as const),
  ].filter(([, least, done]) => done < least);
  // What failed is told as a mismatch, and was not counted.
  if (tally.mismatches.length > 0) return [];
  return missing.map(([what, least, done]) => `${suite.name}: ${what} ${done} instead of at least ${least}`);
}
