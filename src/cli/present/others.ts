import type { Answer } from "../../client/client.ts";
import { inCommandForm } from "../command-form.ts";
import { shortId } from "../short-ids.ts";
import { table } from "../table.ts";
import { harmlessJson, oneLine } from "../terminal-text.ts";
import { relativeTime } from "../time-text.ts";
import { executionText } from "./execution.ts";
import { withTotal } from "./lists.ts";
import { facts, type Page, section, setIn, valueText } from "./page.ts";

export function statusOverview(answer: Answer<"status">, page: Page): string {
  const { project, version, node_version: node, executions } = answer;
  const counts = Object.entries(executions ?? {}).filter(([, count]) => count > 0);
  return [
    `${page.style.bold(project.name)}  ${page.style.dim(project.root)}`,
    ...facts(
      [
        ["savepoint", `${version} on Node.js ${node}`],
        ["workers", answer.workers_alive === null ? "unknown" : String(answer.workers_alive)],
        ["executions", counts.map(([status, count]) => `${count} ${status}`).join(", ") || "none yet"],
        ["next wake", relativeTime(answer.next_wake_at, page.now)],
      ],
      page,
    ),
    ...section(
      "Overdue",
      answer.overdue.map(
        (one) => `  ${shortId(one.execution_id)}  ${one.status}, since ${relativeTime(one.since, page.now)}`,
      ),
      page,
    ),
    ...section(
      "Blocked",
      answer.blocked.map((one) => `  ${shortId(one.execution_id)}  ${oneLine(one.reason)}`),
      page,
    ),
    ...section(
      "Warnings",
      answer.warnings.flatMap((one) => setIn(inCommandForm(one))),
      page,
    ),
  ].join("\n");
}

export function replayText({ execution, plan }: Answer<"executions_replay">, page: Page): string {
  const { reused, overridden, rerun, asked, answered, unused_so_far: unused } = plan;
  const { children_reused: childrenReused, children_started: childrenStarted } = plan;
  const told = facts(
    [
      ["kept", reused.join(", ")],
      ["overridden", overridden.join(", ")],
      ["runs again", rerun.join(", ")],
      ["asks again", asked.join(", ")],
      ["answers kept", answered.join(", ")],
      ["children kept", childrenReused.join(", ")],
      ["children anew", childrenStarted.join(", ")],
      ["not called yet", unused.join(", ")],
    ],
    page,
  );
  const lines = [page.style.bold("Plan"), ...(told.length === 0 ? ["  everything runs again"] : told)];
  if (execution === null) return [...lines, ...setIn(page.style.dim(plan.note))].join("\n");
  return `${lines.join("\n")}\n\n${executionText(execution, page)}`;
}

/** The artifact itself: what is asked for is read, or piped into a file. */
export function artifactText({ value, text }: Answer<"artifacts_get">): string {
  return text ?? valueText(value);
}

/** Any listing, by what its items hold. */
export async function anyTable(
  answer: { items: readonly Record<string, unknown>[]; total: number; total_is_exact: boolean },
  page: Page,
): Promise<string> {
  const { items } = answer;
  if (items.length === 0) return "There is none.";
  const heads = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const columns = heads.map((head, at) => ({
    head: head.replace(/_at$/, "").replaceAll("_", " "),
    text: (item: Record<string, unknown>) => cellText(head, item[head], page),
    paint: (text: string) => (at === 0 ? page.style.bold(text) : text),
    shrinks: true,
  }));
  return withTotal(await table(columns, items, page), { ...answer, shown: items.length }, page);
}

/** Any answer, field by field. */
export function anyText(answer: Readonly<Record<string, unknown>>, page: Page): string {
  return facts(
    Object.entries(answer).map(([name, value]) => [name.replaceAll("_", " "), cellText(name, value, page)]),
    page,
  ).join("\n");
}

function cellText(name: string, value: unknown, { now }: Page): string {
  if (value == null) return "";
  if (typeof value === "string") return name.endsWith("_at") ? relativeTime(value, now) : value;
  const isList = Array.isArray(value) && value.every((one) => typeof one === "string" || typeof one === "number");
  return isList ? value.join(", ") : harmlessJson(value);
}
