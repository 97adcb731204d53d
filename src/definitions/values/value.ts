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
  if (typeof value === "string") {
    if (paths && isJsonPath(value)) return compilePath(value);
    return isTemplate(value) ? compileTemplate(value) : constant(value);
  }
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

/** Renders a field that is a text whatever it refers to: a prompt, a command, an address. @throws MissingValueError */
export function renderText(text: string, scope: Scope): string {
  return textOf(compileValue(text, { paths: false }).render(scope));
}

function constant(value: unknown): CompiledValue {
  return { references: [], render: () => value };
}
