import type { Answer } from "../../client/client.ts";
import { shortIds } from "../short-ids.ts";
import { statusText } from "../style.ts";
import { type Column, table } from "../table.ts";
import { elapsedText, relativeTime } from "../time-text.ts";
import { counted, type Page } from "./page.ts";

type Summary = Answer<"executions_list">["items"][number];
type Artifact = Answer<"artifacts_list">["items"][number];

export async function executionsTable({ items, ...about }: Answer<"executions_list">, page: Page): Promise<string> {
  if (items.length === 0) return "No execution fits. `savepoint run <target>` starts one.";
  const short = shortIds(items.map((one) => one.execution_id));
  const columns: Column<Summary>[] = [
    { head: "id", text: (one) => short(one.execution_id) },
    { head: "workflow", text: (one) => one.workflow, paint: (text) => page.style.bold(text), shrinks: true },
    statusColumn(page),
    { head: "created", text: (one) => relativeTime(one.created_at, page.now) },
    { head: "took", text: tookText, right: true },
    { head: "tags", text: (one) => one.tags.join(", "), shrinks: true },
    { head: "note", text: (one) => noteOf(one), paint: (text) => page.style.dim(text), shrinks: true },
  ];
  return withTotal(await table(columns, items, page), { shown: items.length, ...about }, page);
}

export async function artifactsTable({ items, ...about }: Answer<"artifacts_list">, page: Page): Promise<string> {
  if (items.length === 0) return "No artifact fits.";
  const columns: Column<Artifact>[] = [
    { head: "name", text: (one) => one.name ?? "", paint: (text) => page.style.bold(text), shrinks: true },
    { head: "kind", text: (one) => one.kind },
    { head: "checkpoint", text: (one) => one.checkpoint ?? "", shrinks: true },
    { head: "bytes", text: (one) => String(one.bytes), right: true },
    { head: "artifact_id", text: (one) => one.artifact_id },
  ];
  return withTotal(await table(columns, items, page), { shown: items.length, ...about }, page);
}

export async function stacksText({ items }: Answer<"stacks_list">, page: Page): Promise<string> {
  const stacks = await table(
    [
      { head: "stack", text: ({ name }) => name, paint: (text) => page.style.bold(text) },
      { head: "kind", text: ({ kind }) => kind },
      { head: "active", text: ({ active }) => (active ? "yes" : "no") },
      { head: "workers", text: ({ workers }) => String(workers.length), right: true },
    ],
    items,
    page,
  );
  const workers = items.flatMap((stack) => stack.workers);
  if (workers.length === 0) return stacks;
  const list = await table(
    [
      { head: "worker", text: (one) => one.worker_id },
      { head: "pid", text: (one) => String(one.pid ?? ""), right: true },
      { head: "kind", text: (one) => one.kind },
      { head: "state", text: (one) => one.state },
      { head: "started", text: (one) => relativeTime(one.started_at, page.now) },
    ],
    workers,
    page,
  );
  return `${stacks}\n\n${list}`;
}

export function withTotal(
  text: string,
  { shown, total, total_is_exact: isExact }: { shown: number; total: number; total_is_exact: boolean },
  page: Page,
): string {
  if (shown >= total && isExact) return text;
  return `${text}\n${page.style.dim(`${shown} of ${total}${isExact ? "" : " or more"}`)}`;
}

function statusColumn(page: Page): Column<Summary> {
  return {
    head: "status",
    // As wide as what is painted instead.
    text: (one) => `- ${one.status}`,
    paint: (_, one) => statusText(one.status, page.style),
  };
}

function tookText({ started_at: started, ended_at: ended }: Summary): string {
  return started === null || ended === null ? "" : elapsedText(Date.parse(ended) - Date.parse(started));
}

function noteOf(one: Summary): string {
  if (one.failure !== null) return one.failure.message;
  if (one.blocked_reason !== null) return `blocked: ${one.blocked_reason}`;
  if (one.overdue_since !== null) return "overdue: nobody runs it";
  if (one.pending_waits > 0) return `asks ${counted(one.pending_waits, "question")}`;
  return one.replayed_from === null ? "" : "replay";
}
