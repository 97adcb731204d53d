import { shown } from "../core/shown.ts";
import type { AgentOptions } from "./agent-options.ts";
import { MisuseError } from "./errors.ts";
import { isOptions } from "./option-checks.ts";
import type { AgentCall } from "./runtime.ts";

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** They decide which programs run and what is loaded into them, or are ours. */
const notForSecrets = /^(PATH|HOME|NODE_OPTIONS|LD_.*|DYLD_.*|SAVEPOINT_.*)$/i;

/** Names of environment variables. @throws MisuseError */
export function readVariables(what: string, names: string[] = []): string[] {
  for (const name of names) checkVariable(what, name);
  return names;
}

/** The variables that are to hold values of secrets. @throws MisuseError */
export function readSecretVariables(what: string, secrets: AgentOptions["secrets"] = {}): AgentCall["secrets"] {
  if (!isOptions(secrets)) throw new MisuseError(`${what}: secrets must be an object; it is ${shown(secrets)}`);
  return Object.entries(secrets).map(([variable, source]) => {
    checkVariable(`${what}: secrets`, variable);
    if (notForSecrets.test(variable)) {
      throw new MisuseError(`${what}: secrets: the variable ${variable} means something else; choose another for it`);
    }
    const [name, key] = Array.isArray(source) ? source : [];
    if (typeof name === "string" && typeof key === "string") return { variable, name, key };
    throw new MisuseError(`${what}: secrets.${variable} must be [name, key] of a secret; it is ${shown(source)}`);
  });
}

function checkVariable(what: string, name: string): void {
  if (variableName.test(name)) return;
  throw new MisuseError(
    `${what}: ${shown(name)} cannot name an environment variable: letters, digits and _, no digit first`,
  );
}
