import { createRequire, type ResolveFnOutput, type ResolveHookContext, registerHooks } from "node:module";
import { importFrom } from "./import-from.ts";
import { isSavepoint, savepointUrl } from "./installation.ts";

/** Where a version module came from, as URLs: its source file, and what `savepoint` means to it. */
export interface Origin {
  source: string;
  savepointEntry: string;
}

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput;

/** The hooks of a thread are one; so is their state. */
const origins = new Map<string, Origin>();
let latest: Origin | undefined;

/** From now on the imports of a version module resolve as if its source file made them. */
export function resolveAsSource(moduleUrl: string, origin: Origin): void {
  if (latest === undefined) registerHooks({ resolve });
  latest = origin;
  origins.set(moduleUrl, origin);
}

function resolve(specifier: string, context: ResolveHookContext, next: NextResolve): ResolveFnOutput {
  const origin = origins.get(withoutQuery(context.parentURL));
  const asking = origin ?? latest;
  if (asking !== undefined && isSavepoint(specifier)) return resolveSavepoint(specifier, asking);
  if (specifier.startsWith(importFrom))
    return resolveFrom(specifier, origin?.source ?? context.parentURL, context, next);
  if (origin === undefined) return next(specifier, context);
  try {
    return resolveAt(specifier, origin.source, context, next);
  } catch (error) {
    if (specifier !== "zod" && !specifier.startsWith("zod/")) throw error;
    return resolveAt(specifier, origin.savepointEntry, context, next);
  }
}

/** Whoever asks in this process gets the running installation: two copies of the runtime would not know each other. */
function resolveSavepoint(specifier: string, origin: Origin): ResolveFnOutput {
  const url = savepointUrl(specifier, origin.savepointEntry);
  if (url === undefined) throw new Error(`savepoint has no export ${JSON.stringify(specifier)}`);
  return { url, shortCircuit: true };
}

function resolveFrom(
  specifier: string,
  base: string | undefined,
  context: ResolveHookContext,
  next: NextResolve,
): ResolveFnOutput {
  const [, folder, name] = /^[^:]+:(.*?)!(.*)$/.exec(specifier) ?? [];
  if (folder === undefined || name === undefined || base === undefined) return next(specifier, context);
  return resolveAt(name, new URL(`${folder}_`, base).href, context, next);
}

function resolveAt(
  specifier: string,
  parentURL: string,
  context: ResolveHookContext,
  next: NextResolve,
): ResolveFnOutput {
  if (!context.conditions.includes("require")) return next(specifier, { ...context, parentURL });
  // Node resolves `require` by the module that called it, whatever parent it is given here.
  const found = createRequire(parentURL).resolve(specifier);
  return next(found, context);
}

function withoutQuery(url: string | undefined): string {
  return url?.replace(/\?.*$/, "") ?? "";
}
