/** Cut where a line ends, if one ends so near. */
const nearBytes = 4 * 1024;

/** The beginning and the end of what a program writes, in so many bytes at most. */
export class KeptOutput {
  readonly #halfBytes: number;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #totalBytes = 0;

  constructor(mostBytes: number) {
    this.#halfBytes = Math.floor(mostBytes / 2);
  }

  add(chunk: Buffer): void {
    this.#totalBytes += chunk.length;
    const atHead = chunk.subarray(0, this.#halfBytes - this.#headBytes);
    if (atHead.length > 0) this.#head.push(atHead);
    this.#headBytes += atHead.length;
    const rest = chunk.subarray(atHead.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    for (let first = this.#tail[0]; first !== undefined; first = this.#tail[0]) {
      if (this.#tailBytes - first.length < this.#halfBytes) break;
      this.#tail.shift();
      this.#tailBytes -= first.length;
    }
  }

  /** As a text of about so many bytes; what it leaves out of the middle is said there. */
  text(mostBytes: number = 2 * this.#halfBytes): string {
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail).subarray(-this.#halfBytes);
    const isWhole = head.length + tail.length === this.#totalBytes;
    if (isWhole && this.#totalBytes <= mostBytes) return Buffer.concat([head, tail]).toString();
    const half = Math.min(Math.floor(mostBytes / 2), this.#halfBytes);
    const kept = isWhole ? Buffer.concat([head, tail]) : undefined;
    const beginning = beginningOf((kept ?? head).subarray(0, half));
    const end = endOf((kept ?? tail).subarray(-half));
    const left = this.#totalBytes - beginning.length - end.length;
    return `${beginning.toString()}\n[… ${left} bytes left out …]\n${end.toString()}`;
  }
}

/** Without what is only the half of a line, or of a character. */
function beginningOf(bytes: Buffer): Buffer {
  const line = bytes.lastIndexOf(10);
  if (line >= 0 && bytes.length - line <= nearBytes) return bytes.subarray(0, line);
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && isContinuation(bytes[start])) start--;
  return start >= 0 && lengthFrom(bytes[start]) > bytes.length - start ? bytes.subarray(0, start) : bytes;
}

function endOf(bytes: Buffer): Buffer {
  const line = bytes.indexOf(10);
  if (line >= 0 && line < nearBytes) return bytes.subarray(line + 1);
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return bytes.subarray(start);
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

/** How many bytes a character has that begins with this one. */
function lengthFrom(byte = 0): number {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}
