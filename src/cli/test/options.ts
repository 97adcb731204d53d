/** What was typed for `savepoint test`. */
export interface TestCommandOptions {
  fixtures?: string;
  field?: string[];
  live?: boolean;
  workspace?: string;
  strict?: boolean;
  record?: string;
  overwrite?: boolean;
}
