import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../core/errors.ts";
import { writeWhole } from "../../core/whole-file.ts";
import { extensions } from "./listing.ts";
import { type Folders, leadsOut } from "./place.ts";

interface Writing {
  /** Relative to the workflows folder. */
  path: string;
  /** As callers see it. */
  shown: string;
  text: string;
  modules: Readonly<Record<string, string>>;
  isNew: boolean;
}

/**
 * Writes a definition and what lies beside it.
 * @returns the file that holds the definition already, where somebody made it meanwhile: nothing is left of this one then
 * @throws UserError `forbidden` or `unavailable` where it cannot be written
 */
export function writeFiles(writing: Writing, name: string, folders: Folders): string | undefined {
  const { path, text, modules, isNew, shown } = writing;
  try {
    const file = realDestination(path, isNew, folders);
    const beside = Object.entries(modules).filter(([module, code]) =>
      writeWhole(join(dirname(file), module), code, { isNew }),
    );
    if (!writeWhole(file, text, { isNew })) return path;
    const earlier = isNew ? earlierTwin(path, name, folders) : undefined;
    if (earlier === undefined) return undefined;
    for (const one of [file, ...beside.map(([module]) => join(dirname(file), module))]) rmSync(one, { force: true });
    return earlier;
  } catch (error) {
    throw writeProblem(error, shown);
  }
}

/** Where the file really is: neither the folder nor the file may be a link that leads out. */
function realDestination(path: string, isNew: boolean, { projectRoot, folder }: Folders): string {
  mkdirSync(folder, { recursive: true });
  const realFolder = realpathSync(folder);
  if (leadsOut(relative(realpathSync(projectRoot), realFolder))) throw linkedOut("the workflows folder");
  if (isNew) {
    const file = join(realFolder, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }
  if (!existsSync(join(realFolder, path))) throw linkedOut(path);
  const real = realpathSync(join(realFolder, path));
  if (leadsOut(relative(realFolder, real))) throw linkedOut(path);
  return real;
}

function linkedOut(what: string): UserError {
  return new UserError("forbidden", `${what} is a link that leads out or nowhere, and is not written through`, {
    hint: "Put a real file in its place.",
  });
}

/**
 * The same definition in another format, made by another process between looking and writing. Both look again after
 * they have written, so that the later one sees it; where times do not tell, both give way.
 */
function earlierTwin(path: string, name: string, { folder }: Folders): string | undefined {
  const own = changedAt(join(folder, path)) ?? 0;
  const twins = extensions.flatMap((extension) => [`${name}${extension}`, `${name}/workflow${extension}`]);
  return twins.find((twin) => {
    const at = twin === path ? undefined : changedAt(join(folder, twin));
    return at !== undefined && at <= own;
  });
}

function changedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ctimeMs;
}

/** Neither is a fault of Savepoint: the caller, or whoever owns the machine, can mend it. */
function writeProblem(error: unknown, shown: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (["EACCES", "EPERM", "EROFS"].includes(code)) {
    return new UserError("forbidden", `${shown} cannot be written: ${refusals[code] ?? code}`, {
      hint: "Give the user of this process the right to write there, or set SAVEPOINT_WORKFLOWS to another folder.",
      cause: error,
    });
  }
  if (["ENOSPC", "EDQUOT"].includes(code)) {
    return new UserError("unavailable", `${shown} cannot be written: there is no room left`, {
      hint: "Make room on the disk, and call again. Nothing was written.",
      cause: error,
    });
  }
  if (!["ENOTDIR", "EEXIST"].includes(code)) return error;
  return new UserError("forbidden", `${shown} cannot be written: there is a file where a folder should be`, {
    hint: "Move that file away, or set SAVEPOINT_WORKFLOWS to another folder.",
    cause: error,
  });
}

const refusals: Readonly<Record<string, string>> = {
  EACCES: "the permissions of the folder or file forbid it",
  EPERM: "the system forbids it",
  EROFS: "the file system is read-only",
};
