import { UserError } from "../core/errors.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import { nearest } from "../core/suggest.ts";
import type { ResolvedFlow } from "./app-types.ts";
import { callText } from "./display.ts";
import { exampleValue } from "./example-value.ts";

/**
 * Compares an input with the schema of the flow that is to run.
 * @param example a call that would pass, made of an input that fits
 * @throws UserError `invalid_input`
 */
export function checkInput(
  { flow }: ResolvedFlow,
  input: unknown,
  example: (input: unknown) => { name: string; args: object },
): void {
  const schema = flow.inputSchema;
  if (schema === null) return;
  const problems = compileJsonSchema(schema)(input);
  if (problems.length === 0) return;
  const fields = fieldsOf(schema);
  const { name, args } = example(exampleValue(schema));
  throw new UserError("invalid_input", `input: ${input === undefined ? "it is missing" : problems.join("; ")}`, {
    hint: [
      ...nearNames(problems, fields),
      ...jsonAsText(schema, input),
      `Example: ${callText(name, args)}. Nothing was started.`,
    ].join(" "),
    details: { problems, fields, schema },
  });
}

function fieldsOf(schema: Record<string, unknown>): string[] {
  const properties = schema.properties;
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

function nearNames(problems: string[], fields: string[]): string[] {
  return problems.flatMap((problem) => {
    const unknown = /the field "(.+)" is unknown$/.exec(problem)?.[1];
    const [meant] = unknown === undefined ? [] : nearest(unknown, fields, 1);
    return meant === undefined ? [] : [`Did you mean "${meant}" instead of "${unknown}"?`];
  });
}

/** Models write JSON into a string where an object is meant. */
export function jsonAsText(schema: Record<string, unknown>, value: unknown): string[] {
  if (typeof value !== "string") return [];
  try {
    const meant: unknown = JSON.parse(value);
    return compileJsonSchema(schema)(meant).length === 0
      ? ["It is a string that holds JSON: pass the JSON itself."]
      : [];
  } catch {
    return [];
  }
}
