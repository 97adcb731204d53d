import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { EntryOverview, Execution } from "./app-types.ts";
import {
  type ArtifactRef,
  artifactsOf,
  checkpointsOf,
  inputRef,
  outputRef,
  resultRef,
  savedRef,
  selectorsByOrdinal,
} from "./artifact-refs.ts";
import { callText } from "./display.ts";

/** An artifact and the payload column that holds its value. */
export interface FoundArtifact {
  ref: ArtifactRef;
  column: string;
}

/** @throws UserError `not_found`, or `invalid_state` when there is nothing to read yet */
export function findArtifactById(app: App, id: string): FoundArtifact {
  const saved = app.store.artifacts.find(id);
  const execution = saved && app.store.executions.get(saved.executionSeq);
  if (saved !== undefined && execution !== undefined) {
    return { ref: savedRef(execution, saved, selectorsByOrdinal(checkpointsOf(app, execution))), column: saved.value };
  }
  const [, executionId, part] = /^(.+):(input|result|\d+)$/.exec(id) ?? [];
  if (executionId === undefined || part === undefined) {
    throw new UserError("not_found", `there is no artifact ${JSON.stringify(id)}`, {
      hint: "artifacts_list shows the ids of an execution's artifacts; execution_id and name find one too.",
    });
  }
  const of = app.findExecution(executionId);
  return part === "input" || part === "result" ? partOf(app, of, part) : entryOf(app, of, Number(part));
}

/**
 * The newest artifact that was saved under the name; else the output of the checkpoint so called; else the result or
 * the input.
 * @throws UserError `not_found` or `ambiguous`, with the names that are there
 */
export function findArtifactByName(app: App, execution: Execution, name: string): FoundArtifact {
  const checkpoints = checkpointsOf(app, execution);
  const saved = app.store.artifacts.newest(execution.seq, name);
  if (saved !== undefined) {
    return { ref: savedRef(execution, saved, selectorsByOrdinal(checkpoints)), column: saved.value };
  }
  const output = outputNamed(checkpoints, name);
  if (output !== undefined) return entryOf(app, execution, output.ordinal);
  if (name === "input" || name === "result") return partOf(app, execution, name);
  const names = [...new Set(artifactsOf(app, execution).map((ref) => ref.name))];
  throw new UserError("not_found", `execution ${execution.id} has no artifact ${JSON.stringify(name)}`, {
    hint:
      didYouMean(name, names) ??
      (names.length === 0 ? "It has none yet." : `It has: ${names.slice(0, 30).join(", ")}.`),
    details: { names: names.slice(0, 100) },
  });
}

function outputNamed(checkpoints: readonly EntryOverview[], name: string): EntryOverview | undefined {
  const exact = checkpoints.find(({ selector }) => selector === name);
  const fitting = exact === undefined ? checkpoints.filter((entry) => entry.name === name) : [exact];
  if (fitting.length < 2) return fitting[0];
  const candidates = fitting.map(({ selector }) => selector);
  throw new UserError("ambiguous", `name: ${fitting.length} checkpoints are called ${name}`, {
    hint: `Name one of them: ${candidates.slice(0, 30).join(", ")}.`,
    details: { candidates: candidates.slice(0, 100) },
  });
}

function entryOf(app: App, execution: Execution, ordinal: number): FoundArtifact {
  const entry = app.listings.journal.entries(execution).find((one) => one.ordinal === ordinal);
  const column = entry && app.store.journal.find(execution.seq, ordinal)?.output;
  if (entry !== undefined && column != null) return { ref: outputRef(execution, entry), column };
  if (entry === undefined) {
    throw new UserError("not_found", `execution ${execution.id} has no entry ${ordinal}`, {
      hint: `${callText("artifacts_list", { execution_id: execution.id })} shows what there is.`,
    });
  }
  throw new UserError("invalid_state", `${entry.kind} ${entry.selector} is ${entry.status} and has no output`, {
    hint: `Look at it with ${callText("executions_get", { execution_id: execution.id, detail: "full" })}.`,
    details: { status: entry.status },
  });
}

function partOf(app: App, execution: Execution, part: "input" | "result"): FoundArtifact {
  const column = part === "input" ? execution.input : execution.status === "completed" ? execution.result : null;
  const ref = part === "input" ? inputRef(app, execution) : resultRef(app, execution);
  if (ref !== undefined && column !== null) return { ref, column };
  throw new UserError("invalid_state", `execution ${execution.id} is ${execution.status} and has no ${part}`, {
    hint: `Look at it with ${callText("executions_get", { execution_id: execution.id })}.`,
    details: { status: execution.status },
  });
}
