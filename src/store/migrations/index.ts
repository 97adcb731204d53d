import { initial } from "./0001-initial.ts";
import { secrets } from "./0002-secrets.ts";

/** Every migration there is, in order; the last one's number is the schema this code knows. */
export const migrations = [initial, secrets] as const;
export const schemaNumber = migrations.length;
