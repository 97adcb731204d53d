import type { App } from "../../app.ts";
import { UserError } from "../../core/errors.ts";
import { jsonOrText, pairOf } from "../values.ts";

type Found = Awaited<ReturnType<App["workflows"]["find"]>>;
type Definition = NonNullable<Extract<Found, { kind: "definition" }>["definition"]["definition"]>;

/** The inputs of `inputs.json`, and over them what was typed. */
export function inputOf(
  { inputs }: Definition,
  { recorded, typed }: { recorded: { value: unknown } | undefined; typed: readonly string[] },
): Record<string, unknown> {
  const fields = typed.map((text) => pairOf(text, "-i"));
  const value = recorded?.value ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new UserError("invalid_input", "inputs.json holds no object", { hint: 'For example { "tag": "v1.2.0" }.' });
  }
  const read = (key: string, text: string) => (inputs[key]?.type === "string" ? text : jsonOrText(text));
  return { ...value, ...Object.fromEntries(fields.map(([key, text]) => [key, read(key, text)])) };
}
