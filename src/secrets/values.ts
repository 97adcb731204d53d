import type { KeyObject } from "node:crypto";
import type { SecretRow } from "../store/secrets.ts";
import { openText, sealText } from "./keys.ts";

export type SecretValues = Record<string, string>;

/** The secret's name is part of the seal: moved to another row, it does not open. */
export function sealValues(key: KeyObject, name: string, values: SecretValues): string {
  return sealText(key, JSON.stringify(values), `secret ${name}`);
}

/** @throws UserError `unavailable` when they cannot be opened */
export function openValues(key: KeyObject, { name, sealed }: Pick<SecretRow, "name" | "sealed">): SecretValues {
  return JSON.parse(openText(key, sealed, `secret ${name}`)) as SecretValues;
}
