import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

export interface Blobs {
  /** Stores text and answers its SHA-256; when it returns, the bytes are on the disk. */
  write(text: string): string;
  /** @throws DamagedBlob, or the file system's error when it is missing */
  read(sha256: string): string;
}

/** The bytes of a blob are not those of its name. */
export class DamagedBlob extends Error {
  override readonly name = "DamagedBlob";
}

/** Content-addressed files: `<folder>/ab/abcd…`. Written before the row that names them, so a row never dangles. */
export function openBlobs(folder: string): Blobs {
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256);
  return {
    write(text) {
      const bytes = Buffer.from(text, "utf8");
      const sha256 = sha256Of(bytes);
      const path = pathOf(sha256);
      if (!existsSync(path)) writeDurably(path, bytes);
      return sha256;
    },

    read(sha256) {
      const bytes = readFileSync(pathOf(sha256));
      if (sha256Of(bytes) !== sha256) throw new DamagedBlob(`blob ${sha256} is damaged`);
      return bytes.toString("utf8");
    },
  };
}

export function sha256Of(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
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
