import type { Answer } from "../../client/client.ts";
import { commandOf, inCommandForm } from "../command-form.ts";
import { glyph } from "../style.ts";
import { type Column, table } from "../table.ts";
import { oneLine } from "../terminal-text.ts";
import { withTotal } from "./lists.ts";
import { counted, facts, type Page, section, setIn, valueText } from "./page.ts";
import { schemaText } from "./schema-text.ts";

type Listed = Answer<"workflows_list">;
type Workflow = Listed["items"][number];
type Shown = Answer<"workflows_get">;
type Validated = Answer<"workflows_validate">;
export type Problem = Validated["problems"][number];

export async function workflowsTable({ items, problems, ...about }: Listed, page: Page): Promise<string> {
  const columns: Column<Workflow>[] = [
    { head: "name", text: (one) => one.name, paint: (text) => page.style.bold(text) },
    { head: "kind", text: (one) => one.kind },
    { head: "what it does", text: (one) => one.title ?? one.description ?? "", shrinks: true },
    { head: "tags", text: (one) => one.tags.join(", "), shrinks: true },
    { head: "note", text: noteOf, paint: (text, one) => (one.valid ? page.style.dim(text) : page.style.bad(text)) },
    { head: "target", text: (one) => one.target, paint: (text) => page.style.dim(text), shrinks: true },
  ];
  const none = "No workflow fits. `savepoint workflows init` makes one to begin with.";
  const listed = items.length === 0 ? none : withTotal(await table(columns, items, page), shownOf(items, about), page);
  return [listed, ...section("Not listed", problemLines(problems, page), page)].join("\n");
}

function shownOf(items: readonly Workflow[], about: Pick<Listed, "total" | "total_is_exact">) {
  return { shown: items.length, total: about.total, total_is_exact: about.total_is_exact };
}

function noteOf({ valid, scheduled }: Workflow): string {
  return [valid ? "" : "has errors", scheduled ? "scheduled" : ""].filter((part) => part !== "").join(", ");
}

export function workflowText(shown: Shown, page: Page): string {
  const { style } = page;
  const { steps, models, guardrails, triggers, problems, text, text_note: note, input_schema: schema } = shown;
  return [
    `${style.bold(shown.name)}  ${style.dim(shown.target)}`,
    ...setIn([shown.title, shown.description].filter((one) => one !== null).join("\n")).filter((line) => line !== ""),
    ...facts(
      [
        ["kind", shown.kind],
        ["version", shown.version?.slice(0, 12)],
        ["input", schema === null ? "" : schemaText(schema)],
        ["models", pairs(models)],
        ["guardrails", pairs(guardrails)],
        ["tags", shown.tags.join(", ")],
        ["triggers", triggers.map((one) => valueText(oneTrigger(one))).join("; ")],
        ["run it", shown.example === null ? "" : commandOf("executions_run", shown.example)],
      ],
      page,
    ),
    ...section("Steps", stepLines(steps), page),
    ...section("Problems", problemLines(problems, page), page),
    ...section("Text", text === null ? [] : setIn(text.trimEnd()), page),
    ...(note === null ? [] : ["", style.dim(note)]),
  ].join("\n");
}

function pairs(record: Readonly<Record<string, unknown>>): string {
  return Object.entries(record)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ");
}

function oneTrigger({ type, enabled, cron, timezone, workflow, status, event }: Record<string, unknown>): string {
  const about = [type, cron, timezone, workflow, status, event].filter((part) => part !== undefined).map(String);
  return `${about.join(" ")}${enabled === false ? " (off)" : ""}`;
}

function stepLines(steps: Shown["steps"]): string[] {
  const depths = new Map<string, number>();
  const longest = Math.max(0, ...steps.map(({ id }) => id.length));
  return steps.map(({ id, type, description, inside }) => {
    const depth = inside === null ? 0 : (depths.get(inside) ?? 0) + 1;
    depths.set(id, depth);
    const name = `${"  ".repeat(depth)}${id.padEnd(longest)}`;
    return `  ${name}  ${type}${description === null ? "" : `  ${oneLine(description)}`}`;
  });
}

export function validationText({ valid, file, problems }: Validated, page: Page): string {
  const { style } = page;
  const lines = problemLines(problems, page, "");
  const verdict = valid ? `${glyph("completed", style)} ${file} is valid` : `${glyph("failed", style)} ${file}`;
  const counts = problems.length === 0 ? "" : `: ${countsOf(problems)}`;
  return [...lines, `${verdict}${counts}`].join("\n");
}

export function countsOf(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const told = [
    errors === 0 ? "" : counted(errors, "error"),
    errors === problems.length ? "" : counted(problems.length - errors, "warning"),
  ];
  return told.filter((one) => one !== "").join(", ");
}

export function savedText({ name, target, created, problems }: Answer<"workflows_save">, page: Page): string {
  const done = `${glyph("completed", page.style)} ${target} is ${created ? "written" : "replaced"}.`;
  const next = page.style.dim(`savepoint run ${name} --follow runs it.`);
  return [...problemLines(problems, page, ""), done, next].join("\n");
}

/** `file:line:column severity message`, as editors and terminals make links of, with the hint below. */
export function problemLines(problems: readonly Problem[], { style }: Page, by = "  "): string[] {
  return problems.flatMap(({ file, line, column, severity, field, message, hint }) => {
    const paint = severity === "error" ? style.bad : style.asking;
    const what = field === "" ? message : `${field}: ${message}`;
    return [
      `${by}${file}:${line}:${column} ${paint(severity)} ${oneLine(what)}`,
      ...(hint === null ? [] : [`${by}  ${style.dim(oneLine(inCommandForm(hint)))}`]),
    ];
  });
}
