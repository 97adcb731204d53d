import type { App } from "../../app.ts";

type Entry = ReturnType<App["store"]["journal"]["load"]>[number];
type Found = Awaited<ReturnType<App["workflows"]["find"]>>;
type Definition = NonNullable<Extract<Found, { kind: "definition" }>["definition"]["definition"]>;
type Step = Definition["steps"][number];

/** One visit of a step, and what it came to. */
export interface Visit {
  id: string;
  /** Where it stood: "each[2]". */
  place: string;
  isFailure: boolean;
  /** The output, or `{ code, message }`. */
  value: unknown;
}

type Read = (column: string) => unknown;

/**
 * What the steps that can have fixtures came to, in the order in which a test takes them: as the journal has them, so that
 * a loop that a jump leads back to begins anew. Only passes that ran at the same time are put in their order.
 */
export function recordedSteps(definition: Definition, entries: readonly Entry[], read: Read): Visit[] {
  const ended = entries.filter(({ status }) => ["completed", "answered", "failed", "expired"].includes(status));
  return stepsIn(definition.steps, false).flatMap(({ step, isConcurrent }) => {
    const visits = visitsOf(step, ended, read);
    return isConcurrent ? visits.sort(byPlace) : visits;
  });
}

function stepsIn(steps: readonly Step[], isConcurrent: boolean): { step: Step; isConcurrent: boolean }[] {
  return steps.flatMap((step) => {
    if (step.type === "condition") return stepsIn([...(step.then ?? []), ...(step.else ?? [])], isConcurrent);
    if (step.type === "parallel") return stepsIn(step.steps, isConcurrent);
    if (step.type === "loop") return stepsIn(step.steps, isConcurrent || step.concurrency > 1);
    return [{ step, isConcurrent }];
  });
}

function visitsOf(step: Step, entries: readonly Entry[], read: Read): Visit[] {
  const { id } = step;
  switch (step.type) {
    case "emit":
    case "set":
    case "sleep":
    case "condition":
    case "parallel":
    case "loop":
      return [];
    case "batch_llm":
      return batchesOf(id, entries, read);
    case "workflow":
      return entries
        .filter(({ kind, scope }) => kind === "child" && (scope === id || scope.endsWith(`/${id}`)))
        .map((entry) =>
          visit({ id, place: entry.scope.slice(0, -id.length - 1) }, entry, () => childOutput(entry, read)),
        );
    case "human":
      return entries
        .filter(({ kind, name }) => kind === "wait" && name === id)
        .map((entry) => visit({ id, place: entry.scope }, entry, () => answerOutput(step, entry, read)));
    default:
      return entries
        .filter(({ kind, name }) => kind === "checkpoint" && name === id)
        .map((entry) => {
          const value = () => valueIn(entry, read);
          return visit({ id, place: entry.scope }, entry, step.type === "agent" ? () => agentOutput(value()) : value);
        });
  }
}

/** Each row is a checkpoint; what the row itself was is not recorded. */
function batchesOf(id: string, entries: readonly Entry[], read: Read): Visit[] {
  const rows = entries.flatMap((entry) => {
    const { kind, name, scope, failure } = entry;
    const at = scope.lastIndexOf(`${id}[`);
    if (kind !== "checkpoint" || name !== id || at < 0) return [];
    const index = Number.parseInt(scope.slice(at + id.length + 1), 10);
    const { output = null } = (valueIn(entry, read) ?? {}) as { output?: unknown };
    const error = failure === null ? null : { code: failure.code, message: failure.message };
    const status = error === null ? "completed" : "failed";
    return [{ place: scope.slice(0, Math.max(0, at - 1)), row: { index, item: null, status, output, error } }];
  });
  const places = [...new Set(rows.map(({ place }) => place))];
  return places.map((place) => {
    const own = rows.filter((one) => one.place === place).map(({ row }) => row);
    return { id, place, isFailure: false, value: own.sort((a, b) => a.index - b.index) };
  });
}

function visit({ id, place }: Pick<Visit, "id" | "place">, { failure, status }: Entry, value: () => unknown): Visit {
  const isFailure = failure !== null && status !== "completed" && status !== "answered";
  const error = { code: failure?.code, message: failure?.message.replace(`step ${id}: `, "") };
  return { id, place, isFailure, value: isFailure ? error : value() };
}

function valueIn({ output }: Entry, read: Read): unknown {
  return output === null ? null : read(output);
}

function childOutput(entry: Entry, read: Read): unknown {
  const { name, detail } = entry;
  return {
    execution_id: detail?.["executionId"] ?? null,
    workflow: name,
    status: "completed",
    result: valueIn(entry, read),
  };
}

function agentOutput(value: unknown): unknown {
  const { text, turns, toolCalls, sessionId } = (value ?? {}) as Record<string, unknown>;
  return { result: text, turns, tool_calls: toolCalls, session_id: sessionId };
}

function answerOutput({ options }: Extract<Step, { type: "human" }>, entry: Entry, read: Read): unknown {
  const value = valueIn(entry, read);
  const said = { answered_by: entry.detail?.["answeredBy"] ?? null, answered_at: at(entry.endedAt) };
  if (options === undefined) return { option: null, value, comment: null, ...said };
  const given = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : { option: value };
  const { option, comment = null } = given as { option: unknown; comment?: unknown };
  return { option, value: option, comment: comment === "" ? null : comment, ...said };
}

function at(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** `each[10]` comes after `each[2]`. */
function byPlace(a: Visit, b: Visit): number {
  return a.place.localeCompare(b.place, "en", { numeric: true });
}
