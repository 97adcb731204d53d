import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { messageOf, UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { longestValueBytes } from "./rules.ts";
import type { SecretValues } from "./values.ts";

const envPattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Values out of environment variables. Savepoint's own are no secrets of a project.
 * @param wanted key to the name of the variable
 * @throws UserError `invalid_input` or `not_found`, which names the variable and never a value
 */
export function valuesFromEnv(env: NodeJS.ProcessEnv, wanted: Record<string, string>): SecretValues {
  return eachValue(wanted, (key, given) => {
    const variable = given.trim();
    if (!envPattern.test(variable)) {
      throw new UserError("invalid_input", `from_env.${key}: this is no name of an environment variable`, {
        hint: "Pass the name of a variable, such as GITHUB_TOKEN, and never the value itself.",
      });
    }
    if (variable.startsWith("SAVEPOINT_")) {
      throw new UserError("forbidden", `from_env.${key}: ${variable} belongs to Savepoint itself`, {
        hint: "Put the value into a variable of another name.",
      });
    }
    const value = env[variable];
    if (value !== undefined && value !== "") return value;
    const near = nearest(
      variable,
      Object.keys(env).filter((name) => !name.startsWith("SAVEPOINT_")),
    );
    throw new UserError("not_found", `from_env.${key}: the server's environment has no ${variable}`, {
      hint: `${near.length === 0 ? "" : `Did you mean ${near.join(" or ")}? `}The server sees the variables that it was started with; restart it after setting one.`,
    });
  });
}

/**
 * Values out of files, each without the line break at its end.
 * @param wanted key to a path, relative to the project's root, or for a person to the working directory
 * @param by whose wish it is: an agent gets at files of the project only, a person at all of their own
 * @throws UserError `forbidden` outside the project or in its state folder, `not_found`, `invalid_input`, `too_large`
 */
export function valuesFromFiles(
  { projectRoot, stateFolder }: { projectRoot: string; stateFolder: string },
  wanted: Record<string, string>,
  by: "agent" | "person",
): SecretValues {
  return eachValue(wanted, (key, path) => {
    const where = `from_file.${key}`;
    const real = realPathOf(by === "agent" ? resolve(projectRoot, path) : resolve(path), where);
    if (by === "agent" && !isInside(projectRoot, real)) {
      throw new UserError("forbidden", `${where}: the file lies outside the project`, {
        hint: "Only a person may take it from there: `savepoint secrets set NAME --from-file KEY=PATH`.",
      });
    }
    if (isInside(stateFolder, real)) {
      throw new UserError("forbidden", `${where}: the .savepoint folder holds Savepoint's own keys and data`, {
        hint: "Name a file of yours in the project.",
      });
    }
    return readText(real, where).replace(/\r?\n$/, "");
  });
}

function eachValue(wanted: Record<string, string>, read: (key: string, source: string) => string): SecretValues {
  return Object.fromEntries(Object.entries(wanted).map(([key, source]) => [key, read(key, source)]));
}

function realPathOf(path: string, where: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw unreadable(where, error);
  }
}

/** What is no regular file (a pipe, a device) is not even waited for. */
function readText(path: string, where: string): string {
  const file = openOrExplain(path, where);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) {
      throw new UserError("invalid_input", `${where}: this is no regular file`, {
        hint: "Name a file with the value.",
      });
    }
    if (found.size > longestValueBytes) {
      throw new UserError(
        "too_large",
        `${where}: the file is ${found.size} bytes long; ${longestValueBytes} is the limit`,
        {
          hint: "A secret is a token, a password or a key. Encrypt larger data with one, and keep that.",
        },
      );
    }
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

function openOrExplain(path: string, where: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(where, error);
  }
}

function unreadable(where: string, error: unknown): UserError {
  const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
  return new UserError(
    isMissing ? "not_found" : "invalid_input",
    `${where}: the file cannot be read: ${messageOf(error)}`,
    {
      hint: "Pass a path relative to the project's root.",
      cause: error,
    },
  );
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
