import { randomBytes, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../core/errors.ts";

const keyBytes = 32;

/**
 * The user's master key: `SAVEPOINT_MASTER_KEY` (32 bytes in base64), else a key file of mode 0600 in the user's
 * configuration folder, made when it is first needed.
 * @param create whether a missing file may be made: a project that was sealed with a lost key must not get a new one
 * @throws UserError `unavailable` when the key is missing or malformed
 */
export function readMasterKey(configFolder: string, env: NodeJS.ProcessEnv, create: boolean): Buffer {
  const given = env["SAVEPOINT_MASTER_KEY"];
  if (given !== undefined && given !== "") return parseKey(given, "SAVEPOINT_MASTER_KEY");
  const path = join(configFolder, "master.key");
  const found = readKeyFile(path) ?? (create ? createKeyFile(path) : undefined);
  if (found !== undefined) return found;
  throw new UserError("unavailable", "the master key that this project was sealed with is missing", {
    hint: `Restore ${path} from a backup, or set SAVEPOINT_MASTER_KEY to the key.`,
  });
}

function readKeyFile(path: string): Buffer | undefined {
  try {
    return parseKey(readFileSync(path, "utf8"), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A link fails when the file is there, so of two processes that start together one makes the key and both read it. */
function createKeyFile(path: string): Buffer | undefined {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, `${randomBytes(keyBytes).toString("base64")}\n`, { flag: "wx", mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return readKeyFile(path);
}

function parseKey(text: string, where: string): Buffer {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length === keyBytes) return key;
  throw new UserError("unavailable", `${where} holds no key: 32 bytes in base64 are needed`, {
    hint: "Make one with: node -e \"console.log(require('crypto').randomBytes(32).toString('base64'))\"",
  });
}
