import { z } from "zod";
import type { App } from "../app.ts";
import { iso } from "./display.ts";

export const secretSchema = z.object({
  name: z.string(),
  keys: z.array(z.string()),
  visibility: z.enum(["private", "shared"]),
  /** Null: every workflow. */
  workflows: z.array(z.string()).nullable(),
  created_at: z.string(),
});

type SecretMetadata = ReturnType<App["secrets"]["list"]>[number];

/** What everybody may know of a secret: never a value. */
export function secretView({
  name,
  keys,
  visibility,
  workflows,
  createdAt,
}: SecretMetadata): z.input<typeof secretSchema> {
  return { name, keys, visibility, workflows, created_at: iso(createdAt) };
}
