import { ModelError } from "../core/model-error.ts";
import { folderWithin } from "../processes/confine.ts";

/**
 * The folder in which an agent works, symbolic links resolved.
 * @throws ModelError where it is no folder within the project
 */
export function resolveWorkspace(projectRoot: string, workspace = "."): string {
  const found = folderWithin(projectRoot, workspace);
  if ("folder" in found) return found.folder;
  const name = `the workspace ${JSON.stringify(workspace)}`;
  if (found.problem === "outside") {
    throw new ModelError("forbidden", `${name} is not in the project`, {
      hint: "Name a folder of the project, relative to its root; symbolic links may not lead out of it.",
    });
  }
  throw new ModelError("workspace_not_found", `${name} is no folder${found.why}`, {
    hint: "Create it, or name another folder of the project.",
  });
}
