import { z } from "zod";
import type { App } from "../app.ts";
import type { Artifact, EntryOverview, Execution } from "./app-types.ts";
import { iso } from "./display.ts";

export const artifactSchema = z.object({
  artifact_id: z.string(),
  execution_id: z.string(),
  name: z.string(),
  kind: z.string(),
  checkpoint: z.string().nullable(),
  content_type: z.string(),
  bytes: z.number(),
  sha256: z.string().nullable(),
  tags: z.array(z.string()),
  created_at: z.string(),
});

export type ArtifactRef = z.input<typeof artifactSchema>;

/** What an execution has recorded without a name of its own is JSON, and has no digest. */
const recorded = { content_type: "application/json", sha256: null, tags: [] };

/**
 * Everything that an execution has to read, oldest first: its input, the output of each completed checkpoint, what it
 * saved, and its result.
 */
export function artifactsOf(app: App, execution: Execution): ArtifactRef[] {
  const checkpoints = checkpointsOf(app, execution);
  const saved = app.store.artifacts.list(execution.seq);
  const selectors = selectorsByOrdinal(checkpoints);
  const made = [
    ...checkpoints.filter(({ status }) => status === "completed").map((entry) => outputRef(execution, entry)),
    ...saved.map((artifact) => savedRef(execution, artifact, selectors)),
  ].sort((a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : 0));
  return [inputRef(app, execution), ...made, resultRef(app, execution)].filter((ref) => ref !== undefined);
}

export function checkpointsOf(app: App, execution: Execution): EntryOverview[] {
  return app.listings.journal.entries(execution).filter(({ kind }) => kind === "checkpoint");
}

export function selectorsByOrdinal(entries: readonly EntryOverview[]): Map<number, string> {
  return new Map(entries.map(({ ordinal, selector }) => [ordinal, selector]));
}

export function savedRef({ id }: Execution, artifact: Artifact, selectors: Map<number, string>): ArtifactRef {
  return {
    artifact_id: artifact.id,
    execution_id: id,
    name: artifact.name,
    kind: artifact.kind,
    checkpoint: artifact.ordinal === null ? null : (selectors.get(artifact.ordinal) ?? null),
    content_type: artifact.contentType,
    bytes: artifact.bytes,
    sha256: artifact.sha256,
    tags: artifact.tags,
    created_at: iso(artifact.createdAt),
  };
}

/** A completed checkpoint's output, or the answer of a wait, under its selector. */
export function outputRef({ id }: Execution, entry: EntryOverview): ArtifactRef {
  return {
    ...recorded,
    artifact_id: entry.id,
    execution_id: id,
    name: entry.selector,
    kind: "output",
    checkpoint: entry.kind === "checkpoint" ? entry.selector : null,
    bytes: entry.outputBytes ?? 0,
    created_at: iso(entry.endedAt ?? entry.startedAt),
  };
}

export function inputRef(app: App, { id, input, createdAt }: Execution): ArtifactRef | undefined {
  if (input === null) return undefined;
  const bytes = app.listings.payloadBytes(input);
  const identity = { artifact_id: `${id}:input`, execution_id: id, name: "input", kind: "input", checkpoint: null };
  return { ...recorded, ...identity, bytes, created_at: iso(createdAt) };
}

export function resultRef(app: App, execution: Execution): ArtifactRef | undefined {
  if (execution.status !== "completed" || execution.result === null) return undefined;
  const { id, result, endedAt } = execution;
  const bytes = app.listings.payloadBytes(result);
  const identity = { artifact_id: `${id}:result`, execution_id: id, name: "result", kind: "output", checkpoint: null };
  return { ...recorded, ...identity, bytes, created_at: iso(endedAt) };
}
