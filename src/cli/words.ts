/** An everyday word: a short way to one operation. */
export interface Word {
  readonly name: string;
  readonly operation: string;
  readonly heading: "Run and answer" | "Look" | "Steer";
  readonly summary: string;
  /** Fields that are given by their place, in this order; the others are flags. */
  readonly positionals: readonly string[];
  /** Of these, the ones that may be left out. */
  readonly optional?: readonly string[];
  /** Fields whose flag has another name here. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Fields that the word's own flags stand for. */
  readonly replaced?: readonly string[];
}

/** Plain data, so that the first help needs no schema. */
export const words: readonly Word[] = [
  {
    name: "run",
    operation: "executions_run",
    heading: "Run and answer",
    summary: "start a workflow",
    positionals: ["target"],
    replaced: ["wait_seconds"],
  },
  {
    name: "answer",
    operation: "executions_input",
    heading: "Run and answer",
    summary: "answer what an execution asks; without a value, asks you",
    positionals: ["execution_id", "value"],
    optional: ["value"],
    renamed: { wait: "name" },
    replaced: ["wait_seconds"],
  },
  {
    name: "inbox",
    operation: "executions_waits",
    heading: "Run and answer",
    summary: "everything that waits for someone's answer",
    positionals: [],
  },
  {
    name: "list",
    operation: "executions_list",
    heading: "Look",
    summary: "executions, newest first",
    positionals: [],
  },
  {
    name: "show",
    operation: "executions_get",
    heading: "Look",
    summary: "one execution; without an id, the newest",
    positionals: ["execution_id"],
    optional: ["execution_id"],
    replaced: ["wait_seconds", "detail"],
  },
  {
    name: "logs",
    operation: "executions_logs",
    heading: "Look",
    summary: "what an execution printed",
    positionals: ["execution_id"],
    optional: ["execution_id"],
  },
  {
    name: "events",
    operation: "executions_events",
    heading: "Look",
    summary: "what happened to an execution, in order",
    positionals: ["execution_id"],
    optional: ["execution_id"],
  },
  {
    name: "status",
    operation: "status",
    heading: "Look",
    summary: "how the project and its workers are",
    positionals: [],
  },
  {
    name: "replay",
    operation: "executions_replay",
    heading: "Steer",
    summary: "start anew from a checkpoint, with outputs or input changed",
    positionals: ["execution_id"],
    renamed: { overrides: "set" },
    replaced: ["wait_seconds"],
  },
  {
    name: "retry",
    operation: "executions_retry",
    heading: "Steer",
    summary: "try again what failed",
    positionals: ["execution_id"],
  },
  {
    name: "pause",
    operation: "executions_pause",
    heading: "Steer",
    summary: "hold an execution before its next checkpoint",
    positionals: ["execution_id"],
  },
  {
    name: "resume",
    operation: "executions_resume",
    heading: "Steer",
    summary: "let a paused execution go on",
    positionals: ["execution_id"],
  },
  {
    name: "cancel",
    operation: "executions_cancel",
    heading: "Steer",
    summary: "end an execution",
    positionals: ["execution_id"],
  },
];
