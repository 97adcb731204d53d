import type { App } from "../../app.ts";

export type SecretMetadata = ReturnType<App["secrets"]["list"]>[number];

/** As operations show it. */
export function metadataView({ name, keys, visibility, workflows, createdAt }: SecretMetadata) {
  return { name, keys, visibility, workflows, created_at: new Date(createdAt).toISOString() };
}
