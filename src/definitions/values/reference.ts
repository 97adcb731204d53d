/** A way into the scope that a template or a path takes. */
export interface Reference {
  /** Names and positions as far as they stand fixed: `["steps", "draft", "output", "title"]`. */
  path: (string | number)[];
  /** Whether the way goes on by names that are only known at run time. */
  isOpen: boolean;
  /** `template` as in {{ … }}, `path` as in $.…: they name steps differently. */
  form: "template" | "path";
  /** Where it begins in the text. */
  offset: number;
}

/** A template or path cannot be read. */
export class ValueSyntaxError extends Error {
  override readonly name = "ValueSyntaxError";
  readonly code: "bad_template" | "bad_path";
  readonly hint: string | undefined;
  readonly offset: number;

  constructor(
    code: "bad_template" | "bad_path",
    message: string,
    { hint, offset = 0, cause }: { hint?: string; offset?: number; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.hint = hint;
    this.offset = offset;
  }
}

/** A reference holds nothing in this run, although it may in another. */
export class MissingValueError extends Error {
  override readonly name = "MissingValueError";
  readonly hint = 'Where it may be missing, write {{ … | default: "" }}, or ask with a condition and exists.';
}

/** A reference as a template writes it. */
export function referenceText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[A-Za-z_][\w-]*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}
