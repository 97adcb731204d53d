import { basename, dirname } from "node:path";

/** What a definition is called by where it lies: `daily-brief.md`, or the folder of `daily_brief/workflow.md`. */
export function stemOf(path: string): string {
  const file = basename(path).replace(/\.[^.]+$/, "");
  const folder = basename(dirname(path));
  return file === "workflow" && folder !== "" && folder !== "." ? folder : file;
}
