import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, lstat, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { isUserError, messageOf, UserError } from "../core/errors.ts";
import { shown } from "../core/shown.ts";
import { syncFolder } from "../core/whole-file.ts";
import { isWithin } from "../processes/confine.ts";
import { filePath, reservedIn } from "./writing/file-path.ts";

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

/**
 * Writes files into a workspace, each as a whole or not at all, with the folders that they need. What a path may be is
 * looked at for all before the first is written.
 * @throws UserError `forbidden` for a path that leads elsewhere, `too_large`, `invalid_input`; else what kept it from being written
 */
export async function writeFiles(workspace: string, files: readonly FileToWrite[]): Promise<WrittenFile[]> {
  const checked = checkFiles(files);
  const root = await realpath(workspace);
  const written: WrittenFile[] = [];
  const folders = new Set<string>();
  for (const { parts, bytes } of checked) {
    const path = parts.join("/");
    try {
      const target = await targetOf(root, parts);
      await writeWhole(target, bytes);
      folders.add(dirname(target));
    } catch (error) {
      if (isUserError(error)) throw error;
      const reason = messageOf(error).replaceAll(root, ".");
      throw new UserError("invalid_state", `${shown(path)} cannot be written: ${reason}`, { cause: error });
    }
    written.push({ path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
  }
  for (const folder of folders) syncFolder(folder);
  return written;
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
  return files.map(({ path, content }) => {
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
}

/** Where the file really is to stand: every link on the way is followed, and none may lead out of the workspace. */
async function targetOf(root: string, parts: readonly string[]): Promise<string> {
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    const next = join(folder, part);
    await mkdir(next).catch(unlessThere);
    folder = await insideOf(root, next, parts);
    if (!(await stat(folder)).isDirectory()) {
      throw new UserError("conflict", `${shown(parts.join("/"))} cannot be written: ${part} is a file`);
    }
  }
  const target = join(folder, parts.at(-1) ?? "");
  const there = await lstat(target).catch(() => undefined);
  const real = there?.isSymbolicLink() ? await insideOf(root, target, parts) : target;
  if (there !== undefined && !(await stat(real)).isFile()) {
    throw new UserError("conflict", `${shown(parts.join("/"))} cannot be written: it is there, and no file`);
  }
  return real;
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
async function writeWhole(target: string, bytes: Buffer): Promise<void> {
  const mode = await stat(target).then(
    (there) => there.mode & 0o777,
    () => undefined,
  );
  const temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, "wx", mode ?? 0o666);
    await filled(file, bytes, mode);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function filled(file: FileHandle, bytes: Buffer, mode: number | undefined): Promise<void> {
  try {
    await file.writeFile(bytes);
    if (mode !== undefined) await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}
