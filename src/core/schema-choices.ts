import { nearest } from "./suggest.ts";

/** JSON Schema, as it is read. */
export type Schema = { readonly [key: string]: unknown };

/** One value of a schema that lists what it takes. */
export interface SchemaChoice {
  readonly value: unknown;
  /** Stands for the value where only text can: a text for itself, anything else as JSON. */
  readonly key: string;
  readonly label: string;
  readonly hint: string | undefined;
}

/** The choices of a wait that takes one of them alone, or with a comment as `{ option, comment }`. */
export function optionsIn(schema: Schema): SchemaChoice[] | undefined {
  const { anyOf } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return undefined;
  const [alone, withComment]: unknown[] = anyOf;
  if (!isSchema(alone) || !isSchema(withComment) || !isSchema(withComment["properties"])) return undefined;
  const { option, comment, ...others } = withComment["properties"];
  if (!isSchema(option) || !isSchema(comment) || Object.keys(others).length > 0) return undefined;
  return choicesOf(alone);
}

/** The values of an `enum`, a `const`, or alternatives that are each a `const`. */
export function choicesOf(schema: Schema): SchemaChoice[] | undefined {
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value: unknown) => choiceOf({ const: value }));
  if ("const" in schema) return [choiceOf(schema)];
  const alternatives = schema["oneOf"] ?? schema["anyOf"];
  if (!Array.isArray(alternatives) || alternatives.length === 0) return undefined;
  return alternatives.every((one) => isSchema(one) && "const" in one) ? alternatives.map(choiceOf) : undefined;
}

/** What is wrong with an answer that is none of the options, alone or with a comment. */
export function optionProblem(choices: readonly SchemaChoice[], value: unknown): string {
  const takes = `it takes ${listed(choices.map(({ key }) => key))}`;
  const isObject = isSchema(value);
  const given = isObject ? value["option"] : value;
  if (given === undefined) return `no option was chosen; ${takes}`;
  if (choices.some((choice) => choice.value === given)) {
    return `beside the option ${JSON.stringify(given)} there may be a comment, which is a text, and nothing else`;
  }
  return [`${shown(given)} is no option; ${takes}`, ...meant(choices, given)].join(". ");
}

/** Sought by id and by label, and told by id, which is what is taken. */
function meant(choices: readonly SchemaChoice[], given: unknown): string[] {
  if (typeof given !== "string") return [];
  const idsOf = new Map(choices.flatMap(({ key, label }) => [[label, key] as const, [key, key] as const]));
  const ids = nearest(given.trim(), idsOf.keys()).map((name) => JSON.stringify(idsOf.get(name)));
  return ids.length === 0 ? [] : [`Did you mean ${[...new Set(ids)].join(" or ")}?`];
}

/** `publish, edit or discard`. */
function listed(keys: readonly string[]): string {
  return keys.length < 2 ? keys.join("") : `${keys.slice(0, -1).join(", ")} or ${keys.at(-1)}`;
}

const longestShown = 100;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

function choiceOf({ const: value, title, description }: Schema): SchemaChoice {
  const key = typeof value === "string" ? value : JSON.stringify(value);
  return {
    value,
    key,
    label: typeof title === "string" ? title : key,
    hint: typeof description === "string" ? description : undefined,
  };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
