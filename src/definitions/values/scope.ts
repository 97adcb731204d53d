/** What is known of a step that may be referred to. */
export interface StepRecord {
  output: unknown;
  status: string;
  /** Only of a step that failed and whose workflow went on. */
  error?: { code: string; message: string } | null;
}

/** The members that `steps.<id>` has. */
export const stepMembers = ["output", "status", "error"];

/** The names that are there in every definition. */
export const builtInNames = ["date", "datetime", "time", "weekday", "project_root", "execution_id"] as const;
export type BuiltInName = (typeof builtInNames)[number];

/** The names that a loop gives its steps beside the loop variable: counted from 0, and how many items there are. */
export const loopNames = ["loop_index", "loop_count"] as const;

/** What values are rendered with. */
export interface Scope {
  inputs: Readonly<Record<string, unknown>>;
  /** By id. A step that has not run, or was skipped, may be left out: its output is null. */
  steps: Readonly<Record<string, StepRecord>>;
  /** Loop variables, the inner ones over the outer. */
  locals?: Readonly<Record<string, unknown>>;
  builtIns: Readonly<Record<BuiltInName, string>>;
  /** By name and key; only where a field may hold them. */
  secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Date, time and weekday of an instant, as the built-ins have them. */
export function clockNames(
  now: number,
  timezone: string,
): Readonly<Record<"date" | "datetime" | "time" | "weekday", string>> {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    dateStyle: undefined,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    weekday: "long",
    hourCycle: "h23",
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return {
    date: `${part("year")}-${part("month")}-${part("day")}`,
    datetime: new Date(now).toISOString(),
    time: `${part("hour")}:${part("minute")}`,
    weekday: part("weekday"),
  };
}
