import type { Finding, Place } from "../problem.ts";
import type { Outline } from "./outline.ts";
import type { ValueField } from "./value-fields.ts";
import type { View } from "./visibility.ts";

/** A `{{ secrets.NAME.KEY }}` and where it stands. */
export interface SecretUse {
  name: string;
  key: string;
  at: Place;
  field: string;
}

/** What a definition has that may be referred to. */
export interface Surroundings {
  steps: ReadonlyMap<string, Outline>;
  /** Names to types. */
  inputs: ReadonlyMap<string, string | undefined>;
  /** Those found so far. */
  secrets: SecretUse[];
  /** How many places were looked for so far. */
  placed: number;
  /** How many problems of references were found so far. */
  told: number;
}

/** Where a reference is used. */
export interface Use {
  view: View;
  field: ValueField;
  around: Surroundings;
  step?: Outline;
}

/** What is wrong with a reference; by default an unknown one. */
export type Told = Pick<Finding, "message" | "hint"> & Partial<Pick<Finding, "code" | "severity">>;
