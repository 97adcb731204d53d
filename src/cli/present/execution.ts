import type {
  CheckpointView,
  ExecutionView,
  FailureView,
  PendingWaitView,
  SettledWaitView,
} from "../../tools/execution-schema.ts";
import { inCommandForm } from "../command-form.ts";
import { shortId } from "../short-ids.ts";
import { glyph, statusText } from "../style.ts";
import { oneLine } from "../terminal-text.ts";
import { elapsedText, relativeTime } from "../time-text.ts";
import { counted, facts, type Page, section, setIn, valueText } from "./page.ts";
import { schemaText } from "./schema-text.ts";
import { limitsText, usageText } from "./usage-text.ts";

type Child = ExecutionView["children"][number];

const longestValue = 2_000;

/** One execution, as `show` tells it. */
export function executionText(execution: ExecutionView, page: Page): string {
  return [
    `${statusText(execution.status, page.style)}  ${page.style.bold(execution.workflow)}  ${shortId(execution.execution_id)}`,
    ...facts(factsOf(execution, page), page),
    ...section("Checkpoints", checkpointLines(execution, page), page),
    ...section(
      "Answered",
      (execution.waits ?? []).map((wait) => settledLine(wait, page)),
      page,
    ),
    ...section("Children", childLines(execution, page), page),
    ...outcomeLines(execution, page),
  ].join("\n");
}

/** What an execution came to, or asks now. */
export function outcomeLines(execution: ExecutionView, page: Page): string[] {
  return [
    ...section(
      "Asks",
      execution.pending_waits.flatMap((wait) => pendingLines(wait, page)),
      page,
    ),
    ...section("Blocked", execution.blocked_reason === null ? [] : setIn(execution.blocked_reason), page),
    ...section("Failure", execution.failure === null ? [] : failureLines(execution.failure, page), page),
    ...section("Result", resultLines(execution), page),
  ];
}

function failureLines({ code, message, checkpoint, hint, stack }: FailureView, { style }: Page): string[] {
  const where = checkpoint === null ? "" : ` at ${checkpoint}`;
  return [
    `  ${style.bad(`${code}${where}`)}`,
    ...setIn(message),
    ...(hint === null ? [] : setIn(style.dim(inCommandForm(hint)))),
    ...(stack === undefined ? [] : setIn(style.dim(stack), "    ")),
  ];
}

function factsOf(execution: ExecutionView, { now }: Page): [string, string | null][] {
  const { started_at: started, ended_at: ended } = execution;
  const took =
    started !== null && ended !== null ? `, took ${elapsedText(Date.parse(ended) - Date.parse(started))}` : "";
  return [
    ["target", execution.target],
    ["created", relativeTime(execution.created_at, now)],
    ["started", started === null ? null : `${relativeTime(started, now)}${took}`],
    ["attempt", execution.attempt > 1 ? String(execution.attempt) : null],
    ["tags", execution.tags.join(", ")],
    ["replay of", execution.replayed_from && shortId(execution.replayed_from)],
    ["child of", execution.parent_execution_id && shortId(execution.parent_execution_id)],
    ["overdue", execution.overdue && `since ${relativeTime(execution.overdue.since, now)}: nobody runs it`],
    ["progress", ended === null ? execution.progress && progressText(execution.progress) : null],
    ["used", usageText(execution.usage)],
    ["limits", execution.guardrails && limitsText(execution.guardrails)],
    ["artifacts", execution.counts.artifacts > 0 ? String(execution.counts.artifacts) : null],
  ];
}

function checkpointLines({ checkpoints, checkpoints_note: note }: ExecutionView, page: Page): string[] {
  const longest = Math.min(40, Math.max(0, ...checkpoints.map(({ selector }) => selector.length)));
  const lines = checkpoints.map((one) => checkpointLine(one, longest, page));
  return note === undefined ? lines : [`  ${page.style.dim(note)}`, ...lines];
}

function checkpointLine(checkpoint: CheckpointView, longest: number, page: Page): string {
  const { selector, status, origin } = checkpoint;
  const shown = status === "completed" && origin !== null && origin !== "executed" ? origin : status;
  const told = [
    shown,
    checkpoint.duration_ms == null ? "" : elapsedText(checkpoint.duration_ms),
    (checkpoint.attempt ?? 1) > 1 ? `attempt ${checkpoint.attempt}` : "",
    checkpoint.next_attempt_at == null ? "" : `tries again ${relativeTime(checkpoint.next_attempt_at, page.now)}`,
    checkpoint.usage === undefined ? "" : (usageText(checkpoint.usage) ?? ""),
    status === "running" && checkpoint.progress != null ? progressText(checkpoint.progress) : "",
    checkpoint.failure == null ? "" : oneLine(checkpoint.failure.message),
  ];
  const text = told.filter((part) => part !== "").join("  ");
  return `  ${glyph(shown, page.style)} ${selector.padEnd(longest)}  ${page.style.dim(text)}`;
}

/** What `progress({ stage, current, total })` said. */
export function progressText({ stage, current, total, ...others }: Record<string, unknown>): string {
  const place = current === undefined ? "" : `${String(current)}${total === undefined ? "" : `/${String(total)}`}`;
  const rest = stage === undefined && place === "" ? JSON.stringify(others) : "";
  return [typeof stage === "string" ? stage.replaceAll(/\s+/g, " ") : "", place, rest]
    .filter((part) => part !== "")
    .join(" ");
}

function settledLine(wait: SettledWaitView, { style }: Page): string {
  return `  ${glyph(wait.status, style)} ${wait.name}  ${style.dim(settledText(wait))}`;
}

function settledText({ status, answer, on_timeout: decided }: SettledWaitView): string {
  if (status === "answered") return oneLine(valueText(answer));
  if (decided === undefined) return status;
  return `${status}: ${decisions[decided] ?? `took ${oneLine(JSON.stringify(answer) ?? "nothing")}`}`;
}

/** What a deadline decides beside an answer. */
const decisions: Record<string, string | undefined> = { fail: "failed", continue: "continued", skip: "skipped" };

function childLines({ children, children_note: note }: ExecutionView, page: Page): string[] {
  const lines = children.map((child) => childLine(child, page));
  return note === undefined ? lines : [...lines, `  ${page.style.dim(inCommandForm(note))}`];
}

function childLine(
  { execution_id: id, workflow, status, depth, pending_waits: asked }: Child,
  { style }: Page,
): string {
  const note = asked === 0 ? "" : `  asks ${counted(asked, "question")}`;
  return `${"  ".repeat(depth)}${glyph(status, style)} ${workflow}  ${style.dim(`${status}  ${shortId(id)}${note}`)}`;
}

function pendingLines(wait: PendingWaitView, page: Page): string[] {
  const { style, now } = page;
  const until = wait.expires_at === null ? "" : `, expires ${relativeTime(wait.expires_at, now)}`;
  return [
    `  ${glyph("pending", style)} ${style.bold(wait.name)}  ${style.dim(`asked ${relativeTime(wait.asked_at, now)}${until}`)}`,
    ...(wait.question === null ? [] : setIn(wait.question, "    ")),
    ...(wait.schema === null ? [] : setIn(style.dim(`takes ${schemaText(wait.schema)}`), "    ")),
    ...(wait.refused_answer === null ? [] : setIn(`refused: ${wait.refused_answer.reason}`, "    ")),
  ];
}

function resultLines({ status, result, result_preview: preview }: ExecutionView): string[] {
  if (status !== "completed") return [];
  if (preview !== undefined) return setIn(preview);
  const text = valueText(result);
  return setIn(text.length > longestValue ? `${text.slice(0, longestValue)}… (--output json shows all)` : text);
}
