import { UserError } from "../core/errors.ts";

const reference = /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;
const ownKey = "SAVEPOINT_MASTER_KEY";

/** Fills in variables of an environment as Claude Code does, and keeps which ones. */
export class Expansion {
  readonly #env: NodeJS.ProcessEnv;
  /** The variables that were filled in. */
  readonly variables = new Set<string>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /**
   * `${NAME}` is the variable's value, `${NAME:-other}` the other text where it is not set or empty.
   * @throws UserError `invalid_input` that names the field and the variable
   */
  text(text: string, field: string): string {
    return text.replaceAll(reference, (_, name: string, fallback: string | undefined) => {
      const value = name === ownKey ? undefined : this.#env[name];
      if (value !== undefined && (value !== "" || fallback === undefined)) {
        this.variables.add(name);
        return value;
      }
      if (fallback !== undefined) return fallback;
      throw new UserError("invalid_input", `${field}: the variable ${name} is not set`, {
        hint:
          name === ownKey
            ? "It is Savepoint's own and is handed to no one."
            : `Set it in the environment of the worker, or write \${${name}:-a default}.`,
        details: { field, variable: name },
      });
    });
  }

  list(texts: readonly string[], field: string): string[] {
    return texts.map((text, index) => this.text(text, `${field}[${index}]`));
  }

  record(texts: Readonly<Record<string, string>>, field: string): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, this.text(text, `${field}.${key}`)]));
  }
}
