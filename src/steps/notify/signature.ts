import { createHmac } from "node:crypto";

/** What is signed of a webhook, as Standard Webhooks has it. */
export interface SignedParts {
  id: string;
  /** Seconds since the epoch. */
  timestamp: number;
  body: string;
}

/** @param key `whsec_` and base64, or any other text */
export function signatureOf(key: string, { id, timestamp, body }: SignedParts): string {
  const digest = createHmac("sha256", bytesOf(key)).update(`${id}.${timestamp}.${body}`).digest("base64");
  return `v1,${digest}`;
}

function bytesOf(key: string): Buffer {
  const prefix = "whsec_";
  return key.startsWith(prefix) ? Buffer.from(key.slice(prefix.length), "base64") : Buffer.from(key, "utf8");
}
