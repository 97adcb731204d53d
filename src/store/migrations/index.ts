import { initial } from "./0001-initial.ts";
import { secrets } from "./0002-secrets.ts";
import { search } from "./0003-search.ts";

/** Every migration there is, in order; the last one's number is the schema this code knows. */
export const migrations = [initial, secrets, search] as const;
export const schemaNumber = migrations.length;
