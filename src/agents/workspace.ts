import { realpathSync, statSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { messageOf } from "../core/errors.ts";
import { ModelError } from "../core/model-error.ts";

/**
 * The folder in which an agent works, symbolic links resolved.
 * @throws ModelError where it is no folder within the project
 */
export function resolveWorkspace(projectRoot: string, workspace = "."): string {
  const root = realpathSync(projectRoot);
  const folder = realFolder(resolve(root, workspace), workspace);
  const inside = relative(root, folder);
  if (inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)) return folder;
  throw new ModelError("forbidden", `the workspace ${JSON.stringify(workspace)} is not in the project`, {
    hint: "Name a folder of the project, relative to its root; symbolic links may not lead out of it.",
  });
}

function realFolder(path: string, workspace: string): string {
  try {
    const folder = realpathSync(path);
    if (statSync(folder).isDirectory()) return folder;
  } catch (error) {
    throw noFolder(workspace, `: ${messageOf(error).replaceAll(path, workspace)}`);
  }
  throw noFolder(workspace, ", but a file");
}

function noFolder(workspace: string, why: string): ModelError {
  return new ModelError("workspace_not_found", `the workspace ${JSON.stringify(workspace)} is no folder${why}`, {
    hint: "Create it, or name another folder of the project.",
  });
}
