import type { NewExecution } from "../../src/store/execution.ts";

/** A row as `store.executions.insert` takes it, with what a test says of it. */
export function newExecution(fields: Partial<NewExecution> & Pick<NewExecution, "id" | "createdAt">): NewExecution {
  return {
    workflow: "w",
    target: "flows/w.ts:w",
    version: "v",
    stack: "local",
    trigger: "api",
    tags: [],
    input: null,
    timeoutMs: null,
    deadlineAt: null,
    lastPosition: 0,
    parentSeq: null,
    parentOrdinal: null,
    depth: 0,
    replayedFrom: null,
    replay: null,
    ...fields,
  };
}
