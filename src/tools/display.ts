import { pathToFileURL } from "node:url";
import type { App } from "../app.ts";

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

/** The beginning of a long text, with how long it is. */
export function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${beginning(text, longest)}… (${text.length} characters)`;
}

/** Up to so many characters; a pair of surrogates is not torn apart. */
export function beginning(text: string, longest: number): string {
  const cutAt = text.slice(0, longest);
  return text.length > longest ? cutAt.replace(/[\uD800-\uDBFF]$/, "") : cutAt;
}

/**
 * A text as callers may see it, before it is cut: known secrets are redacted, and paths of the project become relative
 * to its root, since nobody outside needs to know where it lies.
 */
export function shownText({ config, store }: App, text: string): string {
  const { projectRoot } = config;
  return [`${pathToFileURL(projectRoot).href}/`, `${projectRoot}/`, `${projectRoot}\\`].reduce(
    (rest, prefix) => rest.replaceAll(prefix, ""),
    store.protection.redact(text),
  );
}

/** An operation call as hints write it. */
export function callText(name: string, args: object): string {
  return `${name} ${JSON.stringify(args)}`;
}
