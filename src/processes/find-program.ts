import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export interface FoundProgram {
  command: string;
  args: string[];
}

/**
 * A program by its name on the PATH of `env`, or by its path relative to `cwd`; undefined when there is none. A script
 * for Node.js is run by the Node.js that runs here.
 */
export function findProgram(
  name: string,
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): FoundProgram | undefined {
  const path = candidates(name, { cwd, env }).find(isProgram);
  if (path === undefined) return undefined;
  if (/\.[cm]?[jt]s$/.test(path)) return { command: process.execPath, args: [path] };
  return { command: path, args: [] };
}

function candidates(name: string, { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv }): string[] {
  const endings = process.platform === "win32" ? ["", ".exe", ".com"] : [""];
  if (/[\\/]/.test(name)) return endings.map((ending) => resolve(cwd, name + ending));
  // Windows writes it in any case.
  const [, searched = ""] = Object.entries(env).find(([variable]) => variable.toUpperCase() === "PATH") ?? [];
  const folders = searched.split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => endings.map((ending) => join(resolve(cwd, folder), name + ending)));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
