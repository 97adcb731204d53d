import type { Finding, Place } from "../problem.ts";

const deepestNesting = 64;
const mostValues = 50_000;

/** Counts what a file unfolds to, so that neither anchors nor nesting can make much out of little. */
export class Size {
  #values = 0;
  #isOver = false;
  readonly #findings: Finding[];

  constructor(findings: Finding[]) {
    this.#findings = findings;
  }

  /** Whether the file is refused as a whole. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether one more value fits; the first that does not is put on the record. */
  takes(depth: number, at: Place, field: string): boolean {
    this.#values += 1;
    if (depth <= deepestNesting && this.#values <= mostValues) return true;
    if (!this.#isOver) this.#findings.push(tooMuch(depth > deepestNesting, at, field));
    this.#isOver = true;
    return false;
  }
}

function tooMuch(isDeep: boolean, at: Place, field: string): Finding {
  const limit = isDeep ? `nested deeper than ${deepestNesting} levels` : `more than ${mostValues} values`;
  return {
    code: "hostile",
    at,
    field: field.slice(0, 200),
    message: `the file is refused: ${limit}`,
    hint: "Aliases of anchors count as often as they are used. Move data into a file that a step reads.",
  };
}
