import type { Command } from "commander";
import type { Spoken } from "../problems.ts";
import type { Session } from "../session.ts";
import type { Word } from "../words.ts";

/** What a word does beyond calling its operation. */
export interface WordDetails {
  readonly examples: readonly string[];
  /** Stands below the flags in its help. */
  readonly notes?: readonly string[];
  /** Adds the word's own flags. */
  extend?(command: Command): void;
  /** Answers the exit code; without it, the operation is called and its answer is written. */
  act?(call: WordCall): Promise<number>;
}

export interface WordCall {
  readonly session: Session;
  readonly word: Word;
  /** What was typed, as the operation's input. */
  readonly args: Record<string, unknown>;
  /** What was typed for the word's own flags. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly spoken: Spoken;
}
