import { UserError } from "../../core/errors.ts";
import { didYouMean } from "../../core/suggest.ts";
import type { ReplayRequest } from "../../store/execution.ts";
import type { JournalEntry } from "../../store/journal.ts";
import { entryId, selectorsOf } from "../../store/selectors.ts";

export interface ReplayRules {
  executionId: string;
  from: string | undefined;
  /** `checkpoint.<selector>` to encoded output. */
  overrides: Record<string, string>;
  reuseAnswers: boolean;
  /** Checkpoint names that the code declares: an override may be for one that the source never reached. */
  declared: readonly string[];
}

export interface ReplayPlan {
  /** Selectors of the checkpoints whose output is taken from the source while their arguments stay the same. */
  reused: string[];
  overridden: string[];
  rerun: string[];
  /** Waits of the source that are asked again, and those whose answer is kept. */
  asked: string[];
  answered: string[];
  /** Children of the source whose result is kept, and those that are started anew. */
  childrenReused: string[];
  childrenStarted: string[];
  /** What the new execution's journal begins with. */
  entries: JournalEntry[];
  request: ReplayRequest;
}

/**
 * Decides what a replay takes from its source.
 * @throws UserError `not_found`, `ambiguous` or `invalid_input` for an anchor or an override that cannot be meant
 */
export function planReplay(source: readonly JournalEntry[], rules: ReplayRules): ReplayPlan {
  const entries = source.filter(({ reuse }) => reuse !== "candidate");
  const checkpoints = entries.filter(({ kind }) => kind === "checkpoint");
  const selectors = selectorsOf(entries);
  const nameOf = (entry: JournalEntry) => selectors.get(entry.ordinal) ?? entry.name;
  const anchor = rules.from === undefined ? undefined : findAnchor(entries, rules.from, rules.executionId);
  const { byName, byEntry } = resolveOverrides(checkpoints, rules, nameOf);
  const isOverridden = (entry: JournalEntry) =>
    entry.kind === "checkpoint" && (byEntry.has(entry.ordinal) || Object.hasOwn(byName, entry.name));
  const reused = entries.filter((entry) => isBefore(entry, anchor) && isReusable(entry, rules) && !isOverridden(entry));
  const kept = [...reused, ...checkpoints.filter(({ ordinal }) => byEntry.has(ordinal))];
  kept.sort((a, b) => (a.position ?? Number.POSITIVE_INFINITY) - (b.position ?? Number.POSITIVE_INFINITY));
  const waits = entries.filter(({ kind }) => kind === "wait");
  const children = entries.filter(({ kind }) => kind === "child");
  const rankOf = ranks(entries);
  const copied = copyEntries(kept, byEntry, rankOf);
  return {
    reused: reused.filter(({ kind }) => kind === "checkpoint").map(nameOf),
    overridden: checkpoints.filter(isOverridden).map(nameOf),
    rerun: checkpoints.filter((entry) => !reused.includes(entry) && !isOverridden(entry)).map(nameOf),
    asked: waits.filter((entry) => !reused.includes(entry)).map(nameOf),
    answered: waits.filter((entry) => reused.includes(entry)).map(nameOf),
    childrenReused: children.filter((entry) => reused.includes(entry)).map(nameOf),
    childrenStarted: children.filter((entry) => !reused.includes(entry)).map(nameOf),
    entries: copied,
    request: {
      anchor:
        anchor === undefined
          ? null
          : { kind: "checkpoint", scope: anchor.scope, name: anchor.name, occurrence: rankOf(anchor) },
      overrides: byName,
      overriddenEntries: copied.filter(({ origin }) => origin === "overridden").map(({ ordinal }) => ordinal),
    },
  };
}

/** Settled before the anchor was called, as the body had seen it; values have no settlement but a place. */
function isBefore(entry: JournalEntry, anchor: JournalEntry | undefined): boolean {
  if (anchor === undefined || entry === anchor) return false;
  if (entry.kind === "value") return entry.ordinal < anchor.ordinal;
  return entry.position !== null && entry.position <= anchor.afterPosition;
}

function isReusable(entry: JournalEntry, rules: ReplayRules): boolean {
  switch (entry.kind) {
    case "checkpoint":
    case "load":
      // A caught failure is part of the way that led to the anchor.
      return entry.status === "completed" || entry.status === "failed";
    case "sleep":
    case "value":
    case "child":
      return entry.status === "completed";
    case "wait":
      return rules.reuseAnswers && entry.status === "answered";
    case "save":
    case "log":
    case "progress":
      // These describe the execution itself, so the new one does them again.
      return false;
    default:
      return entry.kind satisfies never;
  }
}

/** The number of an entry among those of its scope and name, in the order in which they started. */
function ranks(entries: readonly JournalEntry[]): (entry: JournalEntry) => number {
  const counts = new Map<string, number>();
  const byOrdinal = new Map<number, number>();
  for (const { ordinal, kind, scope, name } of entries) {
    const key = `${kind}\n${scope}\n${name}`;
    const rank = (counts.get(key) ?? 0) + 1;
    counts.set(key, rank);
    byOrdinal.set(ordinal, rank);
  }
  return ({ ordinal }) => byOrdinal.get(ordinal) ?? 1;
}

/** Positions, ordinals and occurrences are counted anew: the order stays, the gaps go. */
function copyEntries(
  kept: JournalEntry[],
  overridden: Map<number, string>,
  rankOf: (entry: JournalEntry) => number,
): JournalEntry[] {
  const ordinals = new Map(
    kept
      .map(({ ordinal }) => ordinal)
      .sort((a, b) => a - b)
      .map((ordinal, index) => [ordinal, index + 1]),
  );
  let position = 0;
  return kept.map((entry) => {
    const output = overridden.get(entry.ordinal);
    return {
      ...entry,
      ordinal: ordinals.get(entry.ordinal) ?? 0,
      occurrence: rankOf(entry),
      reuse: "candidate",
      afterPosition: 0,
      position: entry.kind === "value" ? null : ++position,
      dueAt: null,
      ...(output !== undefined && { status: "completed", origin: "overridden", output, failure: null }),
    };
  });
}

function findAnchor(entries: JournalEntry[], from: string, executionId: string): JournalEntry {
  const selectors = selectorsOf(entries);
  const checkpoints = entries.filter(({ kind }) => kind === "checkpoint");
  const names = checkpoints.map(({ ordinal }) => selectors.get(ordinal) ?? "");
  const exact = checkpoints.find(
    ({ ordinal }) => selectors.get(ordinal) === from || entryId(executionId, ordinal) === from,
  );
  if (exact !== undefined) return exact;
  const named = checkpoints.filter(({ name }) => name === from);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  if (named.length > 1)
    throw sharedName(
      "from",
      from,
      named.map(({ ordinal }) => selectors.get(ordinal) ?? ""),
    );
  const isChild = entries.some((entry) => entry.kind === "child" && selectors.get(entry.ordinal) === from);
  if (isChild) {
    throw new UserError("invalid_input", `from: ${from} is a child execution, and no place to replay from`, {
      hint: `Replay the child itself (executions_get shows it), or this one from a checkpoint: ${names.join(", ") || "it has none; leave from out"}.`,
      details: { selectors: names },
    });
  }
  const isWait = entries.some((entry) => entry.kind === "wait" && selectors.get(entry.ordinal) === from);
  if (isWait) {
    throw new UserError("invalid_input", `from: ${from} is a wait, and a wait is no place to replay from`, {
      hint: `Waits are asked again in every replay. Replay from a checkpoint: ${names.join(", ")}.`,
      details: { selectors: names },
    });
  }
  throw new UserError("not_found", `from: execution ${executionId} has no checkpoint ${JSON.stringify(from)}`, {
    hint: didYouMean(from, names) ?? (names.length > 0 ? `It has: ${names.join(", ")}.` : "It recorded no checkpoint."),
    details: { selectors: names },
  });
}

function resolveOverrides(
  checkpoints: JournalEntry[],
  rules: ReplayRules,
  nameOf: (entry: JournalEntry) => string,
): { byName: Record<string, string>; byEntry: Map<number, string> } {
  const byName = new Map<string, string>();
  const byEntry = new Map<number, string>();
  const names = new Set(checkpoints.map(({ name }) => name));
  for (const [key, output] of Object.entries(rules.overrides)) {
    const wanted = checkpointKey(key);
    const entry = names.has(wanted)
      ? undefined
      : checkpoints.find((one) => nameOf(one) === wanted || entryId(rules.executionId, one.ordinal) === wanted);
    if (entry !== undefined) byEntry.set(entry.ordinal, output);
    else if (names.has(wanted) || rules.declared.includes(wanted)) byName.set(wanted, output);
    else throw unknownOverride(key, wanted, [...checkpoints.map(nameOf), ...rules.declared]);
  }
  return { byName: Object.fromEntries(byName), byEntry };
}

function checkpointKey(key: string): string {
  if (key.startsWith("wait.")) {
    throw new UserError("invalid_input", `overrides: ${key}: a wait's answer is not overridden`, {
      hint: "Replay, then answer the wait with executions_input (early: true before it is asked), or pass reuse_answers.",
    });
  }
  if (!key.startsWith("checkpoint.")) {
    throw new UserError("invalid_input", `overrides: ${JSON.stringify(key)} does not begin with "checkpoint."`, {
      hint: `Write it as "checkpoint.${key}".`,
    });
  }
  return key.slice("checkpoint.".length);
}

function sharedName(field: string, name: string, candidates: string[]): UserError {
  return new UserError("ambiguous", `${field}: ${candidates.length} checkpoints are called ${name}`, {
    hint: `Say which one: ${candidates.join(", ")}.`,
    details: { candidates },
  });
}

function unknownOverride(key: string, wanted: string, names: string[]): UserError {
  const known = [...new Set(names)];
  return new UserError("not_found", `overrides: there is no checkpoint ${JSON.stringify(wanted)} to override`, {
    hint: didYouMean(wanted, known) ?? `Known: ${known.map((name) => `checkpoint.${name}`).join(", ") || "none"}.`,
    details: { key, selectors: known },
  });
}
