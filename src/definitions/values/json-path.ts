import { JSONPathEnvironment, type JSONPathQuery, type JSONValue, jsonpath } from "json-p3";
import { MissingValueError, type Reference, ValueSyntaxError } from "./reference.ts";
import type { Scope } from "./scope.ts";

export interface CompiledPath {
  references: Reference[];
  /** The value at a path that names one; the list of all that fit where it may name several. */
  render(scope: Scope): unknown;
}

const { IndexSelector, NameSelector } = jsonpath.selectors;
const environment = new JSONPathEnvironment({ maxRecursionDepth: 100 });
// Regular expressions of a file can be made to run for ever.
environment.functionRegister.delete("match");
environment.functionRegister.delete("search");

const longestPath = 1_000;

/** Whether a whole text is a JSONPath. */
export function isJsonPath(text: string): boolean {
  return /^\$[.[]/.test(text.trim());
}

/** @throws ValueSyntaxError */
export function compilePath(text: string): CompiledPath {
  const query = parse(text.trim());
  const reference = referenceOf(query);
  return {
    references: [reference],
    render(scope) {
      const root = rootOf(scope, reference);
      const found = query.query(root).values();
      if (!query.singularQuery()) return found;
      if (found.length > 0) return found[0];
      if (endsInNull(root, reference.path)) return null;
      throw new MissingValueError(`${text.trim()} holds nothing`);
    },
  };
}

function parse(text: string): JSONPathQuery {
  try {
    if (text.length <= longestPath) return environment.compile(text);
  } catch (error) {
    const message = error instanceof Error ? error.message.split("\n", 1)[0] : "it cannot be read";
    throw new ValueSyntaxError("bad_path", `${text.slice(0, 80)} is no JSONPath: ${message}`, {
      hint: 'For example $.draft.title, $.search.results[0] or $["my-step"].items[*].id.',
      cause: error,
    });
  }
  throw new ValueSyntaxError("bad_path", `the path is longer than ${longestPath} characters`);
}

function referenceOf({ segments }: JSONPathQuery): Reference {
  const path: (string | number)[] = [];
  for (const segment of segments) {
    const [selector, ...others] = segment.selectors;
    const isFixed = !segment.toString().startsWith("..") && others.length === 0;
    if (isFixed && selector instanceof NameSelector) path.push(selector.name);
    else if (isFixed && selector instanceof IndexSelector) path.push(selector.index);
    else return { path, isOpen: true, form: "path", offset: 0 };
  }
  return { path, isOpen: false, form: "path", offset: 0 };
}

/** The inputs, each step's output under its id, the loop variables. Secrets are not among them. */
function rootOf(scope: Scope, { path: [root] }: Reference): JSONValue {
  const outputs = Object.entries(scope.steps).map(([id, { output }]) => [id, output] as const);
  const known = { input: scope.inputs, ...Object.fromEntries(outputs), ...scope.locals, inputs: scope.inputs };
  const isNotRun = typeof root === "string" && !Object.hasOwn(known, root);
  // The journal holds more kinds of values than JSON; a path just passes them on.
  return (isNotRun ? { ...known, [root]: null } : known) as JSONValue;
}

/** What a step that did not run would have held is null as well. */
function endsInNull(root: unknown, path: Reference["path"]): boolean {
  let at: unknown = root;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return false;
    at = Reflect.get(at, step);
    if (at === null) return true;
  }
  return false;
}
