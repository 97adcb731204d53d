import type { SecretRow } from "../store/secrets.ts";
import { openText, type ProjectKeys, sealText } from "./keys.ts";

export type SecretValues = Record<string, string>;

/** The secret's name is part of the seal: moved to another row, it does not open. */
export function sealValues(keys: ProjectKeys, name: string, values: SecretValues): string {
  return sealText(keys.secrets, JSON.stringify(values), `secret ${name}`);
}

/** @throws UserError `unavailable` when they cannot be opened */
export function openValues(keys: ProjectKeys, { name, sealed }: Pick<SecretRow, "name" | "sealed">): SecretValues {
  return JSON.parse(openText(keys.secrets, sealed, `secret ${name}`)) as SecretValues;
}
