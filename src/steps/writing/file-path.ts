import { posix, win32 } from "node:path";
import { UserError } from "../../core/errors.ts";
import { shown } from "../../core/shown.ts";

const longestPath = 1_000;
/** Programs run what is in these folders, or take it for the truth. */
const reservedNames = new Set([".git", ".savepoint"]);
/** What these name is started without a question, so that who writes them runs programs. */
const startingFiles = new Set([".mcp.json", "savepoint.config.json"]);

/**
 * The parts of a path that a step may write to, counted from the workspace.
 * @throws UserError `forbidden` where the path leads elsewhere, whatever there is on the disk
 */
export function filePath(path: string): string[] {
  const refuse = (why: string) => {
    throw new UserError("forbidden", `no step writes to ${shown(path)}: ${why}`, {
      hint: "Write a path relative to the workspace, for example out/report.md.",
    });
  };
  if (path.includes("\0")) refuse("there is a NUL in it");
  if (path.length > longestPath) refuse(`it has more than ${longestPath} characters`);
  if (posix.isAbsolute(path) || win32.isAbsolute(path) || /^[A-Za-z]:/.test(path)) refuse("it is no relative path");
  if (path.startsWith("~")) refuse("nothing here stands for a home folder");
  // A backslash is no separator everywhere, but nobody means one in a name.
  const plain = posix.normalize(path.trim().replaceAll("\\", "/"));
  const parts = plain.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) refuse("it leads out of the workspace");
  if (parts.length === 0 || plain.endsWith("/")) refuse("it names a folder");
  const reserved = reservedIn(plain);
  if (reserved !== undefined) refuse(`${reserved} is kept from steps`);
  return parts;
}

/** The part of a path that keeps steps out. Case and trailing dots make no difference on some systems. */
export function reservedIn(path: string): string | undefined {
  return path.split(/[\\/]/).find((part) => reservedNames.has(plainName(part)));
}

/** Whether a path, counted from the project's root, is that of a file which says what programs to start. */
export function isStartingFile(path: string): boolean {
  return startingFiles.has(plainName(path));
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[. ]+$/, "");
}
