import type { Template, Variable } from "liquidjs";
import { isOnlyOutput, liquid, textOf } from "./liquid.ts";
import { checkOutputs } from "./output-syntax.ts";
import { MissingValueError, type Reference, ValueSyntaxError } from "./reference.ts";
import type { Scope } from "./scope.ts";

export interface CompiledTemplate {
  references: Reference[];
  /** Whether it is one reference only, whose value keeps its type. */
  isWhole: boolean;
  /** @throws MissingValueError, or an Error with what a filter or tag refused */
  render(scope: Scope): unknown;
}

/** Whether a text holds anything to fill in. */
export function isTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%");
}

/** @throws ValueSyntaxError */
export function compileTemplate(text: string): CompiledTemplate {
  const source = text.replaceAll("\\{{", "{% raw %}{{{% endraw %}");
  const trimmed = source.trim();
  const templates = parse(source);
  checkOutputs(source);
  const references = referencesOf(templates, source).map((one) => ({ ...one, offset: originalOffset(text, one) }));
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

function parse(source: string): Template[] {
  try {
    return liquid().parse(source);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = (error.message.split("\n", 1)[0] ?? "").replace(/, line:\d+, col:\d+$/, "");
    throw new ValueSyntaxError("bad_template", message.slice(0, 200), { hint: hintOf(message), cause: error });
  }
}

function hintOf(message: string): string {
  if (/tag .*not found/.test(message)) return "Files cannot be included; if, for, assign, case and others are there.";
  if (message.startsWith("undefined filter"))
    return "The filters are those of Liquid, for example join, default, json.";
  return "To write {{ as it is, put a backslash in front: \\{{.";
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

/** Escapes moved what stands behind them; the root's name is found again by how often it was there before. */
function originalOffset(text: string, { offset }: Reference): number {
  let moved = 0;
  for (let at = text.indexOf("\\{{"); at >= 0 && at + moved < offset; at = text.indexOf("\\{{", at + 3)) {
    moved += "{% raw %}{{{% endraw %}".length - 3;
  }
  return Math.max(0, offset - moved);
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
