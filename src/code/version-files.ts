import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../core/errors.ts";
import { type Bundle, hashOf } from "./bundle.ts";
import { isMissing } from "./paths.ts";
import type { Project } from "./project.ts";
import type { Version } from "./version.ts";

/** Puts a bundle in its place: whole or not at all, whoever else does the same at the same time. */
export async function keepVersionFiles(project: Project, { hash, code, map }: Bundle): Promise<void> {
  await mkdir(project.versionsFolder, { recursive: true, mode: 0o700 });
  const path = versionPath(project, hash);
  // Comments change the map without changing the code: the newest map shows the lines that the author has before him.
  await keepFile(project.versionsFolder, `${path}.map`, map);
  await keepFile(project.versionsFolder, path, code + linkToMap(hash));
}

/** Removes what is kept of a version; it is written again when its source is run again. */
export function removeVersionFiles(versionsFolder: string, hash: string): void {
  for (const ending of [".mjs", ".mjs.map"]) rmSync(join(versionsFolder, `${hash}${ending}`), { force: true });
}

export function versionUrl(project: Project, hash: string): string {
  return pathToFileURL(versionPath(project, hash)).href;
}

/** Makes sure that the file of a version is there and holds what its hash says. */
export async function verifyVersionFile(project: Project, version: Version): Promise<void> {
  const text = await readIfThere(versionPath(project, version.hash));
  if (text === undefined) throw missingVersion(version.hash, version.sourcePath);
  const link = linkToMap(version.hash);
  const code = text.endsWith(link) ? text.slice(0, -link.length) : text;
  if (hashOf({ ...version, code }) === version.hash) return;
  throw new UserError("unavailable", `The stored version ${short(version.hash)} of ${version.sourcePath} is damaged`, {
    hint: `Delete .savepoint/versions/${version.hash}.mjs. If the sources are still what they were, the next run of the workflow writes it again.`,
  });
}

export function missingVersion(hash: string, sourcePath: string | undefined): UserError {
  const whose = sourcePath === undefined ? "" : ` of ${sourcePath}`;
  return new UserError("not_found", `The version ${short(hash)}${whose} is missing`, {
    hint: "Bring back its file in .savepoint/versions, or replay the execution on the current code.",
    details: { version: hash },
  });
}

function versionPath(project: Project, hash: string): string {
  return join(project.versionsFolder, `${hash}.mjs`);
}

function linkToMap(hash: string): string {
  return `//# sourceMappingURL=${hash}.mjs.map\n`;
}

function short(hash: string): string {
  return hash.slice(0, 12);
}

async function keepFile(folder: string, path: string, text: string): Promise<void> {
  if ((await readIfThere(path)) === text) return;
  const temporary = join(folder, `.${randomBytes(8).toString("hex")}.tmp`);
  try {
    await writeAndSync(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    // On Windows the second of two writers may be refused; what the first one wrote is the same.
    if ((await readIfThere(path)) !== text) throw error;
  }
  await syncFolder(folder);
}

async function writeAndSync(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Windows cannot open folders; there the rename alone has to do. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
