import { realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { messageOf } from "../core/errors.ts";

/** A folder of a root, symbolic links resolved; or why there is none, as the end of a sentence. */
export type Confined = { folder: string } | { problem: "outside" | "no_folder"; why: string };

export function folderWithin(root: string, path: string): Confined {
  const realRoot = realpathSync(root);
  const target = resolve(realRoot, path);
  try {
    const folder = realpathSync(target);
    if (!isWithin(realRoot, folder)) return { problem: "outside", why: "" };
    if (statSync(folder).isDirectory()) return { folder };
  } catch (error) {
    return { problem: "no_folder", why: `: ${messageOf(error).replaceAll(target, path)}` };
  }
  return { problem: "no_folder", why: ", but a file" };
}

/** Whether a path lies in a folder, or is it; both are real paths. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
