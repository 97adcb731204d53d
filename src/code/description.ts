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

/** The descriptor on which the child writes its report, and the one that closes when its parent dies. */
export const reportFd = 3;
export const lifelineFd = 4;

/** The report in a line of the child; undefined for a line that is none. */
export function parseReport(line: string): Report | undefined {
  try {
    const report: unknown = JSON.parse(line);
    return isReport(report) ? report : undefined;
  } catch {
    return undefined;
  }
}

/** The loaded code shares the pipe with our own, so that what counts is looked at before it is trusted. */
function isReport(value: unknown): value is Report {
  if (!isRecord(value)) return false;
  if (value.kind === "described") return isDescription(value.description);
  return ["threw", "exits", "undescribable", "never_settles"].some((kind) => kind === value.kind);
}

function isDescription(value: unknown): value is Description {
  return isRecord(value) && Array.isArray(value.checkpoints) && Array.isArray(value.flows) && value.flows.every(isFlow);
}

function isFlow(value: unknown): value is DescribedFlow {
  return isRecord(value) && typeof value.exportName === "string" && typeof value.name === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
