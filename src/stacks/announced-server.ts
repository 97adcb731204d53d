import { hostname } from "node:os";
import { z } from "zod";
import { isProcessAlive, processStart } from "../processes/identity.ts";
import type { Store } from "../store/store.ts";

const setting = "http_server";
const nobody = "null";

const announcement = z.object({
  url: z.string(),
  host: z.string(),
  pid: z.number(),
  processStart: z.string().nullable(),
});

/** Puts on the record where this process listens, for links to it; answers what takes that back. */
export function announceServer(store: Store, url: string): () => void {
  const { pid } = process;
  const text = JSON.stringify({ url, host: hostname(), pid, processStart: processStart(pid) });
  store.write(() => store.settings.set(setting, text));
  // Another server may have been started since, and its address stays.
  return () => void store.write(() => store.settings.replace(setting, text, nobody));
}

/** Where a server of the project listens; undefined where none does, or the one that did has died. */
export function announcedUrl({ settings }: Store): string | undefined {
  const known = announcement.safeParse(JSON.parse(settings.get(setting) ?? nobody));
  if (!known.success) return undefined;
  const { url, host, pid, processStart: start } = known.data;
  return host !== hostname() || isProcessAlive(pid, start) ? url : undefined;
}
