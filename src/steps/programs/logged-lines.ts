const mostLines = 10_000;
/** A log shows less of a line; the rest need not be kept. */
const longestLine = 64 * 1024;

/** Hands on the lines of what a program writes as they come, up to as many as a log can bear. */
export class LoggedLines {
  readonly #print: (line: string) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #count = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  add(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0 && this.#count <= mostLines; end = rest.indexOf(10)) {
      this.#keep(rest.subarray(0, end));
      this.#flush();
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
  }

  /** There comes no more. */
  end(): void {
    if (this.#bytes > 0) this.#flush();
  }

  #keep(piece: Buffer): void {
    if (this.#count > mostLines) return;
    const fitting = piece.subarray(0, longestLine - this.#bytes);
    // A copy: the chunk that it is a part of may be long.
    if (fitting.length > 0) this.#pieces.push(Buffer.from(fitting));
    this.#bytes += fitting.length;
  }

  #flush(): void {
    const line = Buffer.concat(this.#pieces).toString();
    this.#pieces = [];
    this.#bytes = 0;
    this.#count++;
    if (this.#count > mostLines) this.#print(`the log keeps the first ${mostLines} lines of it`);
    else this.#print(lastShown(line));
  }
}

/** A line that was drawn over and over again, as bars of progress are, is what it was in the end. */
function lastShown(line: string): string {
  return line.split("\r").findLast((one) => one !== "") ?? "";
}
