import { relative } from "node:path";
import { UserError } from "../core/errors.ts";
import { shown } from "../core/shown.ts";
import type { RunSettings } from "../flows/runtime.ts";
import { folderWithin } from "../processes/confine.ts";
import type { StepPorts } from "./ports.ts";
import { reservedIn } from "./writing/file-path.ts";
import type { WritePlace } from "./written-files.ts";

interface Place {
  ports: Pick<StepPorts, "projectRoot" | "fixtures">;
  settings: Pick<RunSettings, "workspace">;
}

/**
 * The folder in which the steps of the execution work, symbolic links resolved.
 * @throws UserError where it is no folder of the project
 */
export function workspaceOf({ ports, settings }: Place): string {
  const { projectRoot } = ports;
  const { workspace } = settings;
  if (workspace === null) return ports.fixtures?.workspace ?? projectRoot;
  const folder = folderIn(projectRoot, workspace, { what: "the workspace", root: "the project" });
  const reserved = reservedIn(relative(projectRoot, folder));
  if (reserved === undefined) return folder;
  throw new UserError("forbidden", `the workspace ${shown(workspace)} is in ${reserved}, where no step writes`, {
    hint: "Name another folder of the project.",
  });
}

/** Where the steps of the execution write files. @throws UserError where that is no folder of the project */
export function writePlaceOf(place: Place): WritePlace {
  return { workspace: workspaceOf(place), projectRoot: place.ports.projectRoot };
}

/**
 * A folder within another one, symbolic links resolved; `names` say what both are in errors.
 * @throws UserError `forbidden` or `not_found`
 */
export function folderIn(root: string, path: string, names: { what: string; root: string }): string {
  const found = folderWithin(root, path);
  if ("folder" in found) return found.folder;
  const name = `${names.what} ${shown(path)}`;
  if (found.problem === "outside") {
    throw new UserError("forbidden", `${name} is not in ${names.root}`, {
      hint: `Name a folder of ${names.root}, relative to it; symbolic links may not lead out of it.`,
    });
  }
  throw new UserError("not_found", `${name} is no folder${found.why}`, {
    hint: `Create it, or name another folder of ${names.root}.`,
  });
}
