const mostWords = 8 * 1024;
const mostShown = 2_000;

/** The end of what a server said beside the protocol, for the message of an error. */
export class LastWords {
  #words = Buffer.alloc(0);

  add(chunk: Buffer | string): void {
    this.#words = Buffer.concat([this.#words, Buffer.from(chunk)]).subarray(-mostWords);
  }

  /** As the end of a sentence; empty where nothing was said. */
  told(): string {
    const said = this.#words.toString().trim();
    if (said === "") return "";
    return `: ${said.length > mostShown ? `…${said.slice(-mostShown)}` : said}`;
  }
}
