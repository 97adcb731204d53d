import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { UserError } from "../core/errors.ts";

const nonceBytes = 12;
const tagBytes = 16;

/** What the project's keys are used for; each purpose has one of its own. */
export interface ProjectKeys {
  readonly dataKey: Buffer;
  readonly payloads: KeyObject;
  /** Signs links by which waits are answered. */
  readonly answerLinks: KeyObject;
  /**
   * Seals or opens secrets with the key that they have now. What `use` opens it must also read, since it is called
   * again where another process replaces the key meanwhile; what it seals it must write in the same transaction.
   */
  withSecretsKey<T>(use: (key: KeyObject) => T): T;
}

/** The keys that follow from the data key alone. */
export function deriveKeys(dataKey: Buffer): ProjectKeys {
  const secrets = derive(dataKey, "savepoint secrets");
  return {
    dataKey,
    payloads: derive(dataKey, "savepoint payloads"),
    answerLinks: derive(dataKey, "savepoint answer links"),
    withSecretsKey: (use) => use(secrets),
  };
}

/** AES-256-GCM; whoever opens it must name the same thing that it was sealed for. */
export function sealText(key: KeyObject, text: string, sealedFor: string): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(sealedFor));
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
}

/** @throws UserError `unavailable` when the text is damaged or was sealed by another key or for something else */
export function openText(key: KeyObject, sealed: string, sealedFor: string): string {
  const bytes = Buffer.from(sealed, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
    decipher.setAAD(Buffer.from(sealedFor));
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, "utf8") + decipher.final("utf8");
  } catch (error) {
    throw new UserError("unavailable", "a sealed value cannot be opened: it is damaged, or another key sealed it", {
      hint: "Restore the project's .savepoint folder from a backup.",
      cause: error,
    });
  }
}

function derive(dataKey: Buffer, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync("sha256", dataKey, "", purpose, 32)));
}
