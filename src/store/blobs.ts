import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

export interface Blobs {
  /** Stores text and answers its SHA-256; when it returns, the bytes are on the disk. */
  write(text: string): string;
  /** @throws DamagedBlob, or the file system's error when it is missing */
  read(sha256: string): string;
  /** Every blob, those that were set aside included. */
  list(): BlobFile[];
  /** Hides a blob that seems to be unused; who has just begun to use it gets it back by `takeBack`. */
  setAside(sha256: string): void;
  takeBack(sha256: string): void;
  /** Deletes a blob that was set aside. */
  drop(sha256: string): void;
}

export interface BlobFile {
  sha256: string;
  bytes: number;
  writtenAt: number;
  isAside: boolean;
}

const aside = ".aside";
/** Another process may clean at the same time. */
const quietly = { throwIfNoEntry: false } as const;

/** The bytes of a blob are not those of its name. */
export class DamagedBlob extends Error {
  override readonly name = "DamagedBlob";
}

/** Content-addressed files: `<folder>/ab/abcd…`. Written before the row that names them, so a row never dangles. */
export function openBlobs(folder: string): Blobs {
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256);
  const asideOf = (sha256: string) => `${pathOf(sha256)}${aside}`;
  return {
    write(text) {
      const bytes = Buffer.from(text, "utf8");
      const sha256 = sha256Of(bytes);
      const path = pathOf(sha256);
      if (!holds(path, bytes)) writeDurably(path, bytes);
      return sha256;
    },

    read(sha256) {
      const bytes = readFileSync(pathOf(sha256));
      if (sha256Of(bytes) !== sha256) throw new DamagedBlob(`blob ${sha256} is damaged`);
      return bytes.toString("utf8");
    },

    list: () => listFiles(folder),
    setAside: (sha256) => renameSync(pathOf(sha256), asideOf(sha256)),
    takeBack: (sha256) => renameSync(asideOf(sha256), pathOf(sha256)),
    drop: (sha256) => rmSync(asideOf(sha256), { force: true }),
  };
}

function listFiles(folder: string): BlobFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const [, sha256 = "", ending] = /^([0-9a-f]{64})(\.aside)?$/.exec(entry.name) ?? [];
    const found = entry.isFile() && sha256 !== "" ? statSync(join(entry.parentPath, entry.name), quietly) : undefined;
    if (found === undefined) return [];
    return [{ sha256, bytes: found.size, writtenAt: found.mtimeMs, isAside: ending !== undefined }];
  });
}

export function sha256Of(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A blob that was damaged is written anew. */
function holds(path: string, bytes: Buffer): boolean {
  try {
    return readFileSync(path).equals(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** A rename within the folder is atomic: a crash leaves the whole file or none. */
function writeDurably(path: string, bytes: Buffer): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(folder);
    syncFolder(dirname(folder));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The name is durable only when the folder is; Windows cannot open folders and needs no such call. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
