/** What keeps known secrets out of the files of a project; the composition root supplies it. */
export interface Protection {
  /** The text, sealed, where it holds a known secret; else undefined. @throws UserError when it cannot tell */
  seal(text: string): string | undefined;
  /** What was sealed. @throws UserError `unavailable` without the key */
  open(sealed: string): string;
  /**
   * What is written or shown from now on knows of every secret that there is by now.
   * @throws UserError `unavailable` when there are some that cannot be opened
   */
  refresh(): void;
  /**
   * Values of the environment that are handed to a program: where the variable's name (`label`) or the value says that
   * it is a credential, it is treated as a secret from now on, by other processes too once something recorded holds it.
   */
  learn(values: readonly { label: string; value: string }[]): void;
  /** The text with a mark in the place of each known secret; withheld where the secrets cannot be opened. */
  redact(text: string): string;
  /** The same of every text in a JSON value, its keys included. */
  redactValue<T>(value: T): T;
}

/** For stores without secrets. */
export const unprotected: Protection = {
  seal: () => undefined,
  open: (sealed) => sealed,
  refresh: () => {},
  learn: () => {},
  redact: (text) => text,
  redactValue: (value) => value,
};
