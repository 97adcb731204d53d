const mostLines = 10_000;
/** A log shows less of a line; the rest need not be kept. */
const longestLine = 64 * 1024;

/** Divides what a program writes into lines, and hands on as many of them as a log can bear. */
export class LoggedLines {
  readonly #print: (line: string) => void;
  #line = "";
  #count = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Whether any of a text that comes next would be seen. */
  takes(text: string): boolean {
    return this.#count <= mostLines && (this.#line.length < longestLine || text.includes("\n"));
  }

  add(text: string): void {
    const [first = "", ...others] = text.split("\n");
    this.#keep(first);
    for (const line of others) {
      if (this.#count > mostLines) return;
      this.#flush();
      this.#keep(line);
    }
  }

  /** There comes no more. */
  end(): void {
    if (this.#line !== "") this.#flush();
  }

  #keep(piece: string): void {
    if (this.#count <= mostLines) this.#line += piece.slice(0, longestLine - this.#line.length);
  }

  #flush(): void {
    const line = this.#line;
    this.#line = "";
    this.#count++;
    if (this.#count > mostLines) this.#print(`the log keeps the first ${mostLines} lines of it`);
    else this.#print(lastShown(line));
  }
}

/** A line that was drawn over and over again, as bars of progress are, is what it was in the end. */
function lastShown(line: string): string {
  return line.split("\r").findLast((one) => one !== "") ?? "";
}
