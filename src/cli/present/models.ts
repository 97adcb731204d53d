import type { Answer } from "../../client/client.ts";
import { shortIds } from "../short-ids.ts";
import { statusText } from "../style.ts";
import { type Column, table } from "../table.ts";
import { elapsedText, relativeTime } from "../time-text.ts";
import { withTotal } from "./lists.ts";
import type { Page } from "./page.ts";
import { dollars } from "./usage-text.ts";

type Listed = Answer<"models_list">;
type Alias = Listed["items"][number];
type Key = Alias["key"];
type Call = Answer<"models_calls">["items"][number];
type Statistics = Answer<"executions_statistics">;
type Group = Statistics["items"][number];

export async function modelsTable({ items, providers }: Listed, page: Page): Promise<string> {
  const aliases = await table<Alias>(
    [
      { head: "alias", text: (one) => one.name, paint: (text) => page.style.bold(text) },
      { head: "model", text: (one) => one.model, shrinks: true },
      { head: "", text: (one) => (one.is_default ? "default" : "") },
      { head: "key", text: (one) => keyText(one.key), paint: (text, one) => keyPaint(text, one.key, page) },
      { head: "$ per 1M", text: (one) => priceText(one.price) },
      { head: "base url", text: (one) => one.base_url ?? "", shrinks: true },
    ],
    items,
    page,
  );
  const others = await table<Listed["providers"][number]>(
    [
      { head: "provider", text: (one) => one.provider, paint: (text) => page.style.bold(text) },
      { head: "key", text: (one) => keyText(one.key), paint: (text, one) => keyPaint(text, one.key, page) },
    ],
    providers,
    page,
  );
  const none = "No alias yet. `savepoint models register fast anthropic:MODEL` makes one.";
  return `${items.length === 0 ? none : aliases}\n\n${others}`;
}

export async function modelCallsTable({ items, ...about }: Answer<"models_calls">, page: Page): Promise<string> {
  if (items.length === 0) return "No call of a model fits.";
  const short = shortIds(items.map((one) => one.execution_id));
  const columns: Column<Call>[] = [
    { head: "execution", text: (one) => short(one.execution_id) },
    { head: "checkpoint", text: (one) => one.checkpoint, paint: (text) => page.style.bold(text), shrinks: true },
    { head: "model", text: (one) => one.model, shrinks: true },
    { head: "status", text: (one) => `- ${one.status}`, paint: (_, one) => statusText(one.status, page.style) },
    { head: "begun", text: (one) => relativeTime(one.started_at, page.now) },
    { head: "took", text: (one) => (one.latency_ms === null ? "" : elapsedText(one.latency_ms)), right: true },
    { head: "in", text: (one) => numberText(one.input_tokens), right: true },
    { head: "out", text: (one) => numberText(one.output_tokens), right: true },
    { head: "cost", text: (one) => costText(one.cost_usd, one.status === "running"), right: true },
    { head: "note", text: (one) => noteOf(one), paint: (text) => page.style.dim(text), shrinks: true },
  ];
  return withTotal(await table(columns, items, page), { shown: items.length, ...about }, page);
}

export async function statisticsTable({ items, ...about }: Statistics, page: Page): Promise<string> {
  if (items.length === 0) return "There is nothing to count.";
  const columns: Column<Group>[] = [
    { head: about.group_by, text: (one) => one.group, paint: (text) => page.style.bold(text), shrinks: true },
    { head: "workflow", text: (one) => one.workflow ?? "", shrinks: true },
    { head: about.counts, text: (one) => String(one.count), right: true },
    { head: "failed", text: (one) => (one.failed === 0 ? "" : String(one.failed)), right: true },
    { head: "p50", text: (one) => (one.duration_ms === null ? "" : elapsedText(one.duration_ms.p50)), right: true },
    { head: "p95", text: (one) => (one.duration_ms === null ? "" : elapsedText(one.duration_ms.p95)), right: true },
    { head: "requests", text: (one) => (one.requests === 0 ? "" : String(one.requests)), right: true },
    { head: "in", text: (one) => (one.requests === 0 ? "" : numberText(one.input_tokens)), right: true },
    { head: "out", text: (one) => (one.requests === 0 ? "" : numberText(one.output_tokens)), right: true },
    { head: "cost", text: groupCostText, right: true },
  ];
  const shown = { shown: items.length, total: about.total, total_is_exact: true };
  const text = withTotal(await table(columns, items, page), shown, page);
  if (!about.durations_are_sampled) return text;
  return `${text}\n${page.style.dim("p50 and p95 are of the newest 10,000")}`;
}

function keyText({ from, name, is_ready: isReady }: Key): string {
  if (from === null) return isReady ? "not needed" : "missing";
  return `${isReady ? "" : "missing: "}${name}`;
}

function keyPaint(text: string, { from, is_ready: isReady }: Key, { style }: Page): string {
  if (!isReady) return style.bad(text);
  return from === null ? style.dim(text) : text;
}

function priceText(price: Alias["price"]): string {
  if (price === null) return "unknown";
  return price.input === 0 && price.output === 0 ? "free" : `${price.input} in, ${price.output} out`;
}

/** What is not known looks different from what costs nothing. */
function costText(cost: number | null, isRunning = false): string {
  if (cost === null) return isRunning ? "" : "?";
  return dollars(cost);
}

function groupCostText({ requests, unpriced, cost_usd: cost }: Group): string {
  if (requests === 0) return "";
  return unpriced > 0 && cost !== null ? `${costText(cost)} + ?` : costText(cost);
}

function numberText(value: number | null): string {
  return value === null ? "" : value.toLocaleString("en-US");
}

function noteOf({ error, retries, alias, finish_reason: reason }: Call): string {
  const isEstimated = reason?.includes("estimated") === true;
  const parts = [
    error ?? "",
    isEstimated ? "usage estimated" : "",
    retries === 0 ? "" : `retries: ${retries}`,
    alias === null ? "" : `as ${alias}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}
