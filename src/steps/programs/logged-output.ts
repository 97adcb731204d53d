import { StringDecoder } from "node:string_decoder";
import { LoggedLines } from "./logged-lines.ts";

export type OutputStream = "stdout" | "stderr";

interface LogOptions {
  print(stream: OutputStream, line: string): void;
  /** A text without the values of known secrets. */
  redact(text: string): string;
}

interface Piece {
  stream: OutputStream;
  text: string;
}

const streams = ["stdout", "stderr"] as const;
/** What has come since the last look may not be complete: it is held until the next one. */
const lookMs = 80;
const mostHeld = 64 * 1024;
/** Longer than what a program makes of a secret, line breaks included. */
const mostUnfinished = 8 * 1024;

/**
 * Writes what a program says into a log, line by line and soon, but not at once: a secret that a program breaks into
 * several lines is found only where they are seen together.
 */
export class LoggedOutput {
  readonly #redact: LogOptions["redact"];
  readonly #lines: Record<OutputStream, LoggedLines>;
  readonly #decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  #held: Piece[] = [];
  #heldLength = 0;
  /** How much of what is held has come since the last look. */
  #fresh = { stdout: 0, stderr: 0 };
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor({ print, redact }: LogOptions) {
    this.#redact = redact;
    const linesOf = (stream: OutputStream) => new LoggedLines((line) => print(stream, line));
    this.#lines = { stdout: linesOf("stdout"), stderr: linesOf("stderr") };
  }

  add(stream: OutputStream, chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#hold({ stream, text: this.#decoders[stream].write(chunk) });
    if (this.#heldLength > mostHeld) this.#release({ stdout: mostUnfinished, stderr: mostUnfinished });
    this.#timer ??= setTimeout(() => this.#look(), lookMs).unref();
  }

  /** Writes what is left, and nothing after that. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    for (const stream of streams) this.#hold({ stream, text: this.#decoders[stream].end() });
    this.#release({ stdout: 0, stderr: 0 });
    for (const stream of streams) this.#lines[stream].end();
  }

  #hold(piece: Piece): void {
    this.#held.push(piece);
    this.#heldLength += piece.text.length;
    this.#fresh[piece.stream] += piece.text.length;
  }

  #look(): void {
    this.#timer = undefined;
    const { stdout, stderr } = this.#fresh;
    this.#fresh = { stdout: 0, stderr: 0 };
    this.#release({ stdout: Math.min(stdout, mostUnfinished), stderr: Math.min(stderr, mostUnfinished) });
    if (this.#heldLength > 0) this.#timer = setTimeout(() => this.#look(), lookMs).unref();
  }

  /** Hands on all but so many of the last characters of each stream. */
  #release(kept: Record<OutputStream, number>): void {
    for (const stream of streams) this.#clean(stream);
    const left = { stdout: 0, stderr: 0 };
    for (const { stream, text } of this.#held) left[stream] += text.length;
    const rest: Piece[] = [];
    for (const { stream, text } of this.#held) {
      const most = Math.max(0, left[stream] - kept[stream]);
      left[stream] -= text.length;
      this.#lines[stream].add(text.slice(0, most));
      if (text.length > most) rest.push({ stream, text: text.slice(most) });
    }
    this.#held = rest;
    this.#heldLength = rest.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** The order of both streams is kept, unless a secret stands in several pieces of one. */
  #clean(stream: OutputStream): void {
    const own = this.#held.filter((piece) => piece.stream === stream);
    const whole = own.map(({ text }) => text).join("");
    const clean = this.#lines[stream].takes(whole) ? this.#redact(whole) : "";
    if (clean === whole) return;
    this.#held = this.#held.flatMap((piece) => {
      if (piece.stream !== stream) return [piece];
      return piece === own[0] ? [{ stream, text: clean }] : [];
    });
  }
}
