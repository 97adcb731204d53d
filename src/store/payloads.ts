import { UserError } from "../core/errors.ts";
import type { Blobs } from "./blobs.ts";
import type { Protection } from "./protection.ts";

/** Longer texts live beside the database. */
export const inlineLimitBytes = 32 * 1024;
const marker = "@blob:";
const sealedMarker = "@sealed:";

export interface PayloadReference {
  sha256: string;
  bytes: number;
}

/**
 * The codec of payload columns: encoded text as it is, or `@blob:<sha256>:<bytes>`, which no JSON text begins with.
 * Here or in the blob, a text that holds a secret is `@sealed:` and what only the project's key opens.
 */
export function createPayloads(blobs: Blobs, capBytes: number, protection: Protection) {
  return {
    /** @throws UserError `too_large` above the cap */
    store(text: string): string {
      // A character is at most three bytes, so most texts need not be measured.
      const bytes = text.length * 3 <= inlineLimitBytes ? text.length : Buffer.byteLength(text);
      if (bytes > capBytes) throw tooLarge(bytes, capBytes);
      const sealed = protection.seal(text);
      const kept = sealed === undefined ? text : `${sealedMarker}${sealed}`;
      const isShort = sealed === undefined ? bytes <= inlineLimitBytes : kept.length <= inlineLimitBytes;
      return isShort ? kept : `${marker}${blobs.write(kept)}:${bytes}`;
    },

    read(column: string): string {
      const reference = parseReference(column);
      const kept = reference === undefined ? column : blobs.read(reference.sha256);
      return kept.startsWith(sealedMarker) ? protection.open(kept.slice(sealedMarker.length)) : kept;
    },
  };
}

export type Payloads = ReturnType<typeof createPayloads>;

/** What a listing can say of a payload without reading it. */
export function parseReference(column: string): PayloadReference | undefined {
  if (!column.startsWith(marker)) return undefined;
  const [sha256 = "", bytes = "0"] = column.slice(marker.length).split(":");
  return { sha256, bytes: Number(bytes) };
}

function tooLarge(bytes: number, capBytes: number): UserError {
  return new UserError("too_large", `the value is ${bytes} bytes long; the limit is ${capBytes}`, {
    hint: "Save large data as a file or several artifacts and pass a reference, or raise payloads.max_bytes.",
  });
}
