import { Liquid, type Template } from "liquidjs";
import { shellWord } from "../../core/shell-word.ts";

const longestTemplate = 1024 * 1024;
const longestRenderMs = 2_000;
const mostMemory = 50_000_000;
const forbiddenTags = ["include", "render", "layout", "block"];
/** They take code as text, whose references nobody could check, or answer otherwise each time. */
const forbiddenFilters = [
  "where_exp",
  "reject_exp",
  "group_by_exp",
  "has_exp",
  "find_exp",
  "find_index_exp",
  "sample",
  "raw",
];
const dateFilters = ["date", "date_to_xmlschema", "date_to_rfc822", "date_to_string", "date_to_long_string"];

let engine: Liquid | undefined;

/** The template language: own properties only, strict, limited, without files, and the same for the same values. */
export function liquid(): Liquid {
  engine ??= createLiquid();
  return engine;
}

/** Whether a template is only one {{ … }}. */
export function isOnlyOutput(templates: readonly Template[]): boolean {
  return templates.length === 1 && templates[0]?.constructor.name === "Output";
}

function createLiquid(): Liquid {
  const created = new Liquid({
    ownPropertyOnly: true,
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    parseLimit: longestTemplate,
    renderLimit: longestRenderMs,
    memoryLimit: mostMemory,
    outputEscape: textOf,
    timezoneOffset: 0,
  });
  for (const tag of forbiddenTags) delete created.tags[tag];
  for (const filter of forbiddenFilters) delete created.filters[filter];
  for (const name of dateFilters) withoutNow(created, name);
  created.registerFilter("shell", (value: unknown) => shellWord(textOf(value)));
  return created;
}

/** The hour of rendering must not count: a replay renders again. */
function withoutNow(created: Liquid, name: string): void {
  const original = created.filters[name];
  if (typeof original !== "function") return;
  created.registerFilter(name, function (value: unknown, ...args: unknown[]) {
    if (value === "now" || value === "today") {
      throw new Error(`${name}: ${JSON.stringify(value)} is not available; use {{ date }} or {{ datetime }}`);
    }
    return original.call(this, value, ...args);
  });
}

/** A value in the middle of a text: lists of single values with commas, everything larger as JSON. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null)) {
    return value.map(textOf).join(", ");
  }
  return JSON.stringify(value, null, 2);
}
