import { initial } from "./0001-initial.ts";
import { secrets } from "./0002-secrets.ts";
import { search } from "./0003-search.ts";
import { children } from "./0004-children.ts";
import { continuation } from "./0005-continuation.ts";
import { cache } from "./0006-cache.ts";
import { processes } from "./0007-processes.ts";
import { listingIndices } from "./0008-listing-indices.ts";
import { models } from "./0009-models.ts";
import { definitions } from "./0010-definitions.ts";

/** Every migration there is, in order; the last one's number is the schema this code knows. */
export const migrations = [
  initial,
  secrets,
  search,
  children,
  continuation,
  cache,
  processes,
  listingIndices,
  models,
  definitions,
] as const;
export const schemaNumber = migrations.length;
