import type { Template, Variable } from "liquidjs";
import { didYouMean } from "../../core/suggest.ts";
import { isOnlyOutput, liquid, textOf } from "./liquid.ts";
import { checkOutputs, operatorHint } from "./output-syntax.ts";
import { MissingValueError, type Reference, ValueSyntaxError } from "./reference.ts";
import type { Scope } from "./scope.ts";

export interface CompiledTemplate {
  references: Reference[];
  /** Whether it is one reference only, whose value keeps its type. */
  isWhole: boolean;
  /** @throws MissingValueError, or an Error with what a filter or tag refused */
  render(scope: Scope): unknown;
}

const mostSigns = 1_000;
const longestTemplate = 300_000;
const rawBrace = "{% raw %}{{{% endraw %}";

/** Whether a text holds anything to fill in. */
export function isTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%");
}

/** @throws ValueSyntaxError */
export function compileTemplate(text: string): CompiledTemplate {
  refuseLarge(text);
  const source = text.replaceAll("\\{{", rawBrace);
  const trimmed = source.trim();
  const templates = parse(source);
  checkOutputs(source);
  const original = originalOffsets(text);
  const references = referencesOf(templates, source).map((one) => ({ ...one, offset: original(one.offset) }));
  const isWhole = trimmed.startsWith("{{") && isOnlyOutput(trimmed === source ? templates : parse(trimmed));
  const expression = isWhole ? trimmed.replace(/^\{\{-?|-?\}\}$/g, "") : undefined;
  return {
    references,
    isWhole,
    render(scope) {
      const context = contextOf(scope, references);
      try {
        if (expression !== undefined) return liquid().evalValueSync(expression, context);
        return textOf(liquid().renderSync(templates, context));
      } catch (error) {
        throw renderError(error);
      }
    },
  };
}

/** Finding out what a template refers to takes its time, which grows faster than the template. */
function refuseLarge(text: string): void {
  const what = tooLarge(text);
  if (what === undefined) return;
  throw new ValueSyntaxError("bad_template", `one text holds ${what}`, { hint: "Divide it among several steps." });
}

function tooLarge(text: string): string | undefined {
  if (text.length > longestTemplate) return `more than ${longestTemplate} characters and references`;
  if ((text.match(/\{[{%]/g)?.length ?? 0) > mostSigns) return `more than ${mostSigns} references`;
  return /\{[{%][^}]{2000}/.test(text) ? "a reference of more than 2000 characters" : undefined;
}

function parse(source: string): Template[] {
  try {
    return liquid().parse(source);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = (error.message.split("\n", 1)[0] ?? "").replace(/, line:\d+, col:\d+$/, "");
    const hint = operatorHint(source) ?? hintOf(message);
    throw new ValueSyntaxError("bad_template", message.slice(0, 200), { hint, cause: error });
  }
}

function hintOf(message: string): string {
  if (/tag .*not found/.test(message)) return "Files cannot be included; if, for, assign, case and others are there.";
  const filter = /^undefined filter: (\S+)/.exec(message)?.[1];
  if (filter !== undefined) return filterHint(filter);
  return "To write {{ as it is, put a backslash in front: \\{{.";
}

/** What other languages call them. */
const foreignFilters: Readonly<Record<string, string>> = {
  upper: "upcase",
  uppercase: "upcase",
  lower: "downcase",
  lowercase: "downcase",
  length: "size",
  count: "size",
  trim: "strip",
  tojson: "json",
  to_json: "json",
};

function filterHint(name: string): string {
  const all = "The filters are those of Liquid, for example join, default, json.";
  if (Object.hasOwn(foreignFilters, name)) return `Write | ${foreignFilters[name]}.`;
  return didYouMean(name, Object.keys(liquid().filters)) ?? all;
}

function referencesOf(templates: Template[], source: string): Reference[] {
  try {
    const { globals } = liquid().analyzeSync(templates, { partials: false });
    const starts = [0];
    for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
    return Object.values(globals)
      .flat()
      .map((variable) => referenceOf(variable, starts));
  } catch (error) {
    throw new ValueSyntaxError("bad_template", "it is nested too deeply", { cause: error });
  }
}

function referenceOf({ segments, location: { row, col } }: Variable, starts: number[]): Reference {
  const open = segments.findIndex((segment) => typeof segment === "object");
  const fixed = open < 0 ? segments : segments.slice(0, open);
  const path = fixed.filter((segment) => typeof segment !== "object");
  return { path, isOpen: open >= 0, form: "template", offset: (starts[row - 1] ?? 0) + col - 1 };
}

/** Escapes moved what stands behind them: the offset in the text as it was written. */
function originalOffsets(text: string): (offset: number) => number {
  const added = rawBrace.length - 3;
  const ends: number[] = [];
  for (let at = text.indexOf("\\{{"); at >= 0; at = text.indexOf("\\{{", at + 3)) {
    ends.push(at + 3 + added * (ends.length + 1));
  }
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return offset - added * low;
  };
}

/** A step that did not run has no output, which is null and not a mistake. */
function contextOf(scope: Scope, references: Reference[]): Record<string, unknown> {
  const missing = references.flatMap(({ path: [root, id] }) =>
    root === "steps" && typeof id === "string" && !Object.hasOwn(scope.steps, id)
      ? [[id, { output: null, status: "skipped", error: null }] as const]
      : [],
  );
  return {
    ...scope.builtIns,
    ...scope.inputs,
    ...scope.locals,
    inputs: scope.inputs,
    steps: missing.length === 0 ? scope.steps : { ...scope.steps, ...Object.fromEntries(missing) },
    secrets: scope.secrets ?? {},
  };
}

function renderError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const message = (error.message.split("\n", 1)[0] ?? "").replace(/, line:\d+, col:\d+$/, "");
  const missing = /^undefined variable: (.*)$/.exec(message)?.[1];
  if (missing !== undefined) return new MissingValueError(`{{ ${missing} }} holds nothing`, { cause: error });
  return new Error(`the template cannot be rendered: ${message}`, { cause: error });
}
