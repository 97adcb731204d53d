import type { Answer } from "../../client/client.ts";
import { fitted, oneLine } from "../terminal-text.ts";
import { elapsedText } from "../time-text.ts";
import { counted, type Page, section } from "./page.ts";

type Plan = Answer<"workflows_plan">;
type PlannedStep = Plan["steps"][number];

/** What a run would do: its inputs, its steps in their order, and what is wrong with it. */
export function planText(plan: Plan, page: Page): string {
  const { style } = page;
  const { workflow, target, valid, problems, critical_path: longest } = plan;
  const levels = plan.levels.length;
  const order = longest.length === levels ? "" : `, the longest line ${longest.join(" → ")}`;
  const count = plan.kind === "flow" ? "a flow" : `${counted(plan.steps.length, "step")}, ${counted(levels, "level")}`;
  return [
    `${style.bold(workflow)}  ${style.dim(target)}`,
    `  ${valid ? style.good("could run") : style.bad("could not run")}: ${count}${order}`,
    ...section(
      "Inputs",
      plan.inputs.map((one) => inputLine(one, page)),
      page,
    ),
    ...section("Steps", listLines(plan, { page, path: "", levels: plan.levels, depth: 0 }), page),
    ...section(
      "Checkpoints",
      plan.checkpoints.map((name) => `  ${oneLine(name)}`),
      page,
    ),
    ...section(
      "Problems",
      problems.flatMap((one) => problemLines(one, page)),
      page,
    ),
  ].join("\n");
}

function inputLine({ name, type, required, provided, value, problems }: Plan["inputs"][number], page: Page): string {
  const { style } = page;
  const from = provided ? "" : style.dim(required ? " (missing)" : " (default)");
  const wrong = problems.length === 0 ? "" : style.bad(`  ${oneLine(problems.join("; "))}`);
  const shown = fitted(valueLine(value), Math.max(20, page.width - 30));
  return `  ${style.bold(name)} ${style.dim(type ?? "any")} = ${shown}${from}${wrong}`;
}

interface ListPlace {
  page: Page;
  path: string;
  levels: readonly (readonly string[])[];
  depth: number;
}

/** The steps of a list; those that run at the same time under one number. */
function listLines(plan: Plan, { page, path, levels, depth }: ListPlace): string[] {
  return levels.flatMap((ids, at) =>
    ids.flatMap((id, place) => {
      const step = plan.steps.find((one) => one.id === id && one.path === path);
      if (step === undefined) return [];
      const mark = place === 0 ? `${at + 1}.`.padEnd(4) : "    ";
      const indent = "  ".repeat(depth + 1);
      const own = stepLines(step, page).map((line, index) => `${indent}${index === 0 ? mark : "    "}${line}`);
      return [...own, ...innerLines(plan, step, { page, path, depth })];
    }),
  );
}

function innerLines(plan: Plan, step: PlannedStep, { page, path, depth }: Omit<ListPlace, "levels">): string[] {
  const own = path === "" ? step.id : `${path}/${step.id}`;
  return Object.entries(step.lists).flatMap(([field, { levels }]) => {
    const isBranch = field !== "steps";
    const inner = { page, path: isBranch ? `${own}/${field}` : own, levels, depth: depth + (isBranch ? 3 : 2) };
    const head = isBranch ? [`${"  ".repeat(depth + 3)}${page.style.dim(`${field}:`)}`] : [];
    return [...head, ...listLines(plan, inner)];
  });
}

function stepLines(step: PlannedStep, page: Page): string[] {
  const { id, type, description, model, timeout_ms: timeout, timeout_from: from, retries, needs } = step;
  const { style } = page;
  const room = Math.max(30, page.width - 12);
  const facts = [
    ...(model === null ? [] : [`model ${model.model ?? "?"} (${model.why})`]),
    ...(timeout === null ? [] : [`timeout ${elapsedText(timeout)} (${from ?? "default"})`]),
    ...(retries === 0 ? [] : [counted(retries, "retry").replace("retrys", "retries")]),
    ...(step.on_error === "continue" ? ["goes on when it fails"] : []),
  ];
  const said = Object.entries(step.gets).filter(([field, value]) => !isUsual(field, value));
  const fields = said.map(([field, value]) => {
    const waits = needs[field];
    const shown = fitted(valueLine(value), room - field.length);
    return `${style.dim(field)} ${waits === undefined ? shown : style.dim(shown)}`;
  });
  const waits = [...new Set(Object.values(needs).flat())];
  return [
    `${style.bold(id)} ${style.dim(type)}${description === null ? "" : `  ${fitted(oneLine(description), room - id.length)}`}`,
    ...(facts.length === 0 ? [] : [oneLine(facts.join(", "))]),
    ...fields,
    ...(waits.length === 0 ? [] : [`${style.asking("needs")} ${fitted(waits.join(", "), room)}`]),
  ];
}

/** What nobody wrote, and what everybody expects. */
function isUsual(field: string, value: unknown): boolean {
  if (field === "item_variable") return value === "item";
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === false;
}

function problemLines({ severity, where, message, hint }: Plan["problems"][number], { style }: Page): string[] {
  const word = severity === "error" ? style.bad("error") : style.asking("warning");
  const first = `  ${oneLine(where)} ${word} ${oneLine(message)}`;
  return hint === undefined ? [first] : [first, `    ${style.dim(oneLine(hint))}`];
}

function valueLine(value: unknown): string {
  return oneLine(typeof value === "string" ? value : JSON.stringify(value ?? null));
}
