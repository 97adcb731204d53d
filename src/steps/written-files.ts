import { createHash } from "node:crypto";
import { type FileHandle, lstat, mkdir, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { isUserError, messageOf, UserError } from "../core/errors.ts";
import { shown } from "../core/shown.ts";
import { syncFolder } from "../core/whole-file.ts";
import { checkpointContext } from "../flows/checkpoint.ts";
import { isWithin } from "../processes/confine.ts";
import { inTurn } from "./programs/turns.ts";
import { filePath, isStartingFile, reservedIn } from "./writing/file-path.ts";

export interface FileToWrite {
  /** Relative to the workspace. */
  path: string;
  content: string;
}

export interface WrittenFile {
  path: string;
  bytes: number;
  sha256: string;
}

const mostFiles = 1_000;
const mostBytes = 16 * 1024 * 1024;

/** Where files are written, symbolic links resolved. */
export interface WritePlace {
  workspace: string;
  projectRoot: string;
}

/**
 * Writes files into a workspace, each as a whole or not at all, with the folders that they need, in a checkpoint. What
 * a path may be, and what stands in the way, is looked at for all before the first is written.
 * @throws UserError `forbidden` for a path that leads elsewhere, `too_large`, `invalid_input`; else what kept it from being written
 */
export function writeFiles(given: WritePlace, files: readonly FileToWrite[]): Promise<WrittenFile[]> {
  const { idempotencyKey, signal } = checkpointContext();
  return inTurn(idempotencyKey, async () => {
    const checked = checkFiles(files);
    const place = { ...given, workspace: await realpath(given.workspace) };
    for (const { parts } of checked) await named(place, parts, () => findTarget(place, parts, false));
    const written: WrittenFile[] = [];
    const folders = new Set<string>();
    for (const { parts, bytes } of checked) {
      signal.throwIfAborted();
      const path = parts.join("/");
      await named(place, parts, async () => {
        const target = await findTarget(place, parts, true);
        if (target === undefined) throw new Error("its folder has gone");
        await writeWhole(target, bytes, temporaryName(idempotencyKey, path));
        folders.add(dirname(target));
      });
      written.push({ path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
    }
    for (const folder of folders) syncFolder(folder);
    return written;
  });
}

interface CheckedFile {
  parts: string[];
  bytes: Buffer;
}

function checkFiles(files: readonly FileToWrite[]): CheckedFile[] {
  if (files.length > mostFiles) {
    throw new UserError("too_large", `one step writes at most ${mostFiles} files; there are ${files.length}`);
  }
  const seen = new Set<string>();
  const checked = files.map(({ path, content }) => {
    const parts = filePath(path);
    const name = parts.join("/");
    if (seen.has(name)) {
      throw new UserError("invalid_input", `the file ${shown(name)} is given twice`, {
        hint: "Give each file once; what should stand in it as a whole.",
      });
    }
    seen.add(name);
    const bytes = Buffer.from(content);
    if (bytes.length > mostBytes) {
      throw new UserError("too_large", `the file ${shown(name)} has ${bytes.length} bytes; ${mostBytes} are the most`);
    }
    return { parts, bytes };
  });
  for (const { parts } of checked) {
    const folder = parts.map((_, index) => parts.slice(0, index).join("/")).find((one) => seen.has(one));
    if (folder === undefined) continue;
    throw new UserError("conflict", `${shown(parts.join("/"))} cannot be written: ${shown(folder)} is to be a file`);
  }
  return checked;
}

/** Whoever goes on after a crash finds by its name what was left behind. Names of files may be too long to add to. */
function temporaryName(key: string, path: string): string {
  return `.${createHash("sha256").update(`${key}\0${path}`).digest("hex").slice(0, 32)}.tmp`;
}

/** The system's own errors name the file, and not where the project lies. */
async function named<T>({ workspace }: WritePlace, parts: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUserError(error)) throw error;
    const reason = messageOf(error).replaceAll(workspace, ".");
    throw new UserError("invalid_state", `${shown(parts.join("/"))} cannot be written: ${reason}`, { cause: error });
  }
}

/**
 * Where the file really is to stand: every link on the way is followed, and none may lead out of the workspace.
 * Undefined where its folder is not there yet, and is not to be made.
 */
async function findTarget(
  { workspace: root, projectRoot }: WritePlace,
  parts: readonly string[],
  makesFolders: boolean,
): Promise<string | undefined> {
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    const next = join(folder, part);
    if (makesFolders) await mkdir(next).catch(unlessThere);
    else if (!(await isThere(next))) return undefined;
    folder = await insideOf(root, next, parts);
    if (!(await stat(folder)).isDirectory()) {
      throw new UserError("conflict", `${shown(parts.join("/"))} cannot be written: ${part} is a file`);
    }
  }
  const target = join(folder, parts.at(-1) ?? "");
  const there = await lstat(target).catch(() => undefined);
  const real = there?.isSymbolicLink() ? await insideOf(root, target, parts) : target;
  if (isStartingFile(relative(projectRoot, real))) {
    throw new UserError("forbidden", `no step writes to ${shown(parts.join("/"))}: it says which programs to start`, {
      hint: "Write to another path, and let a person put it there.",
    });
  }
  if (there !== undefined && !(await stat(real)).isFile()) {
    throw new UserError("conflict", `${shown(parts.join("/"))} cannot be written: it is there, and no file`);
  }
  return real;
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}

async function insideOf(root: string, path: string, parts: readonly string[]): Promise<string> {
  const refuse = (why: string) =>
    new UserError("forbidden", `no step writes to ${shown(parts.join("/"))}: ${shown(basename(path))} ${why}`, {
      hint: "Remove the symbolic link, or write to another path.",
    });
  const real = await realpath(path).catch(() => {
    throw refuse("is a symbolic link to nothing");
  });
  if (!isWithin(root, real)) throw refuse("leads out of the workspace");
  const reserved = reservedIn(relative(root, real));
  if (reserved !== undefined) throw refuse(`leads into ${reserved}`);
  return real;
}

/** Readers see what was there or all of what is new, also after a crash. */
async function writeWhole(target: string, bytes: Buffer, name: string): Promise<void> {
  const mode = await stat(target).then(
    (there) => there.mode & 0o777,
    () => undefined,
  );
  const temporary = join(dirname(target), name);
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", mode ?? 0o666);
  try {
    await filled(file, temporary, { bytes, mode });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function filled(
  file: FileHandle,
  path: string,
  { bytes, mode }: { bytes: Buffer; mode: number | undefined },
): Promise<void> {
  try {
    await checkPlace(file, path);
    await file.writeFile(bytes);
    if (mode !== undefined) await file.chmod(mode);
    await file.sync();
    await checkPlace(file, path);
  } finally {
    await file.close();
  }
}

/** A folder on the way may have become a link to elsewhere since it was looked at. */
async function checkPlace(file: FileHandle, path: string): Promise<void> {
  const real = process.platform === "linux" ? await readlink(`/proc/self/fd/${file.fd}`) : await realpath(path);
  if (real === path) return;
  // Where it was made, not where its path leads by now.
  await rm(real, { force: true });
  throw new UserError("conflict", "a file cannot be written: it, or its folder, was replaced meanwhile", {
    hint: "Whatever moves folders or sets links there is to wait until the step has ended.",
  });
}
