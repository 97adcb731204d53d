import type { DescribedFlow } from "./version.ts";

/** What the child process is asked: which module to load, and how its imports are to be resolved. */
export interface DescribeRequest {
  moduleUrl: string;
  sourceUrl: string;
  savepointEntry: string;
}

export interface Description {
  flows: DescribedFlow[];
  checkpoints: string[];
}

/** What the child process answers. */
export type Report =
  | { kind: "described"; description: Description }
  | { kind: "threw"; thrown: Thrown }
  | { kind: "exits"; exitCode: number; stack: string }
  | { kind: "undescribable"; flow: string; message: string }
  | { kind: "never_settles" };

/** Anything that was thrown, as text. */
export interface Thrown {
  name: string | undefined;
  message: string;
  stack: string;
  /** The names that `savepoint` exports, when one that it does not export was imported. */
  exports?: string[];
}

/** The report in a message of the child; undefined for a message that is none. */
export function parseReport(message: unknown): Report | undefined {
  if (typeof message !== "string") return undefined;
  const report: unknown = JSON.parse(message);
  return typeof report === "object" && report !== null && "kind" in report ? (report as Report) : undefined;
}
