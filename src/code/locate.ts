import { readdirSync, statSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { UserError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { findFlowFiles } from "./find-flows.ts";
import { isMissing, posixPath } from "./paths.ts";
import { insideProject, type Project } from "./project.ts";
import { suggestion } from "./suggestion.ts";
import { flowExtensions, isDefinition, targetForms } from "./targets.ts";

/** The file that a path names, relative to the project root, or the error that says what to name instead. */
export function locateFile(project: Project, { path, flow }: { path: string; flow: string | undefined }): string {
  const file = insideProject(project, resolve(project.root, path), path);
  refuseFolder(project, file, path);
  refuseExtension(path);
  if (isFile(join(project.root, file))) return file;
  throw missingFile(project, file, flow);
}

/** Of a name or package that was not found: says so when it is a folder, or a file without its extension. */
export function refuseLocalPath(project: Project, path: string, flow: string | undefined): void {
  const file = insideProject(project, resolve(project.root, path), path);
  refuseFolder(project, file, path);
  const meant = flowExtensions.map((extension) => file + extension).filter((name) => isFile(join(project.root, name)));
  if (meant.length > 0) throw notFound(`There is no file ${JSON.stringify(path)}`, meant, flow);
}

function refuseFolder(project: Project, file: string, path: string): void {
  if (!statOf(join(project.root, file))?.isDirectory()) return;
  const inside = filesIn(join(project.root, file)).map((name) => (file === "" ? name : `${file}/${name}`));
  throw new UserError("invalid_input", `${JSON.stringify(path)} is a folder`, {
    hint: inside.length > 0 ? `Name a file in it, for example "${inside[0]}".` : targetForms,
    details: { field: "target", candidates: inside.slice(0, 20) },
  });
}

function refuseExtension(path: string): void {
  const extension = extname(path).toLowerCase();
  if (flowExtensions.includes(extension) || isDefinition(path)) return;
  throw new UserError(
    "invalid_input",
    `${JSON.stringify(path)} is neither a TypeScript or JavaScript file nor a definition`,
    {
      hint: `Flows live in files that end in ${flowExtensions.join(", ")}; definitions in .md, .yaml, .yml or .toml.`,
      details: { field: "target" },
    },
  );
}

function missingFile(project: Project, file: string, flow: string | undefined): UserError {
  if (statOf(join(project.root, file)) !== undefined) {
    return new UserError("invalid_input", `${JSON.stringify(file)} is not a regular file`, { hint: targetForms });
  }
  const folder = posixPath(project.root, dirname(join(project.root, file)));
  const beside = filesIn(join(project.root, folder)).map((name) => (folder === "" ? name : `${folder}/${name}`));
  const all = [...new Set([...beside, ...findFlowFiles(project).files])];
  const near = nearest(file, all);
  return notFound(`There is no file ${JSON.stringify(file)}`, near, flow, all);
}

function notFound(message: string, near: string[], flow: string | undefined, all = near): UserError {
  const candidates = near.map((file) => (flow === undefined ? file : `${file}:${flow}`));
  const known = all.length > 0 ? `Files here: ${all.slice(0, 10).join(", ")}.` : targetForms;
  return new UserError("not_found", message, {
    hint: suggestion(candidates) ?? known,
    details: { field: "target", candidates },
  });
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => (flowExtensions.includes(extname(name)) && !name.endsWith(".d.ts")) || isDefinition(name))
      .slice(0, 300);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() === true;
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
