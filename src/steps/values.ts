import { textOf } from "../definitions/values/liquid.ts";
import type { Reference } from "../definitions/values/reference.ts";
import type { Scope } from "../definitions/values/scope.ts";
import { compileValue, type ValueOptions } from "../definitions/values/value.ts";

/** Fills in a value's references; where the scope has no secrets, each stands for itself. @throws MissingValueError */
export function fillIn(value: unknown, scope: Scope, options?: ValueOptions): unknown {
  const { references, render } = compileValue(value, options);
  if (scope.secrets !== undefined) return render(scope);
  const secrets = secretsIn(references);
  return render(secrets.length === 0 ? scope : { ...scope, secrets: placeholders(secrets) });
}

/** The same for a text, whatever it refers to. */
export function fillInText(text: string, scope: Scope): string {
  return textOf(fillIn(text, scope, { paths: false }));
}

/** Name and key of each secret among the references. */
export function secretsIn(references: readonly Reference[]): [name: string, key: string][] {
  return references.flatMap(({ path: [root, name, key] }): [string, string][] =>
    root === "secrets" && name !== undefined && key !== undefined ? [[String(name), String(key)]] : [],
  );
}

function placeholders(secrets: readonly [string, string][]): Record<string, Record<string, string>> {
  const values: Record<string, Record<string, string>> = {};
  for (const [name, key] of secrets) values[name] = { ...values[name], [key]: `(secret ${name}.${key})` };
  return values;
}
