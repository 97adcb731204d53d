import { compilePath, isJsonPath } from "./json-path.ts";
import { textOf } from "./liquid.ts";
import type { Reference } from "./reference.ts";
import type { Scope } from "./scope.ts";
import { compileTemplate, isTemplate } from "./template.ts";

export interface CompiledValue {
  /** What it needs of the scope. */
  references: Reference[];
  /** @throws MissingValueError where a reference holds nothing */
  render(scope: Scope): unknown;
}

export interface ValueOptions {
  /** Whether a whole text may be a JSONPath, as in `field`, `items` and arguments. Default true. */
  paths?: boolean;
}

/**
 * Reads a value of a definition: a text with references, or lists and objects of them. A text that is one reference
 * only, or a JSONPath, keeps the type of what it refers to.
 * @throws ValueSyntaxError
 */
export function compileValue(value: unknown, { paths = true }: ValueOptions = {}): CompiledValue {
  if (typeof value === "string") return compileText(value, paths);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => compileValue(item, { paths }));
    return {
      references: items.flatMap(({ references }) => references),
      render: (scope) => items.map((item) => item.render(scope)),
    };
  }
  if (typeof value !== "object" || value === null) return constant(value);
  const members = Object.entries(value).map(([key, item]) => [key, compileValue(item, { paths })] as const);
  return {
    references: members.flatMap(([, { references }]) => references),
    render: (scope) => Object.fromEntries(members.map(([key, item]) => [key, item.render(scope)])),
  };
}

/** Every step of every pass reads its texts again. */
const compiledTexts = new Map<string, CompiledValue>();
const mostCompiled = 2_000;
const longestKept = 20_000;

function compileText(text: string, paths: boolean): CompiledValue {
  const isPath = paths && isJsonPath(text);
  if (!isPath && !isTemplate(text)) return constant(text);
  const key = `${isPath ? "$" : "{"}${text}`;
  const known = compiledTexts.get(key);
  if (known !== undefined) return known;
  const compiled = isPath ? compilePath(text) : compileTemplate(text);
  if (compiledTexts.size >= mostCompiled) compiledTexts.clear();
  if (text.length <= longestKept) compiledTexts.set(key, compiled);
  return compiled;
}

/** Renders a field that is a text whatever it refers to: a prompt, a command, an address. @throws MissingValueError */
export function renderText(text: string, scope: Scope): string {
  return textOf(compileValue(text, { paths: false }).render(scope));
}

function constant(value: unknown): CompiledValue {
  return { references: [], render: () => value };
}
