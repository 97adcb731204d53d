import { exitCodes } from "./exit-codes.ts";
import type { Globals } from "./globals.ts";
import { createStyle, type Style, wantsColour } from "./style.ts";
import { harmless, harmlessJson } from "./terminal-text.ts";

/** Where a command's answer goes, and what is said beside it. */
export interface Output {
  readonly isJson: boolean;
  /** Answers are read by a person at a terminal. */
  readonly isTerminal: boolean;
  /** There is someone who can be asked. */
  readonly canAsk: boolean;
  readonly isColoured: boolean;
  readonly style: Style;
  readonly width: number;
  readonly height: number;
  /** Text for stdout, as it is: what came from workflows has been made harmless before. */
  print(text: string): void;
  /** One JSON document for stdout. */
  json(document: object): void;
  /** One document of a stream of them. */
  jsonLine(document: object): void;
  /** Something beside the answer, for stderr. */
  notice(text: string): void;
  /** What went wrong beside the command, which goes on; told even when notices are not wanted. */
  warn(text: string): void;
  error(command: string | null, problem: Problem): void;
}

export interface Problem {
  code: string;
  message: string;
  hint?: string | undefined;
  details?: Record<string, unknown> | undefined;
}

const usualWidth = 80;

export function createOutput({ output, color, quiet }: Pick<Globals, "output" | "color" | "quiet">): Output {
  const { stdin, stdout, stderr, env } = process;
  // Some pseudo-terminals say that they have no columns, and prompts believe it.
  if (stdout.isTTY && stdout.columns === 0) stdout.columns = usualWidth;
  const isJson = output === "json";
  const isTerminal = stdout.isTTY === true && env["TERM"] !== "dumb" && !isJson;
  const isColoured = !isJson && wantsColour({ color, env }, stdout);
  const aside = createStyle(wantsColour({ color, env }, stderr));
  return {
    isJson,
    isTerminal,
    canAsk: isTerminal && stdin.isTTY === true,
    isColoured,
    style: createStyle(isColoured),
    get width() {
      return stdout.columns || Number(env["COLUMNS"]) || usualWidth;
    },
    get height() {
      return stdout.rows || 24;
    },
    print: (text) => void stdout.write(`${text}\n`),
    json: (document) => void stdout.write(`${harmlessJson(document, stdout.isTTY ? 2 : undefined)}\n`),
    jsonLine: (document) => void stdout.write(`${harmlessJson(document)}\n`),
    notice(text) {
      if (quiet !== true && !isJson) stderr.write(`${aside.dim(harmless(text))}\n`);
    },
    warn(text) {
      stderr.write(
        isJson ? `${harmlessJson({ warning: text })}\n` : `${aside.asking("savepoint:")} ${harmless(text)}\n`,
      );
    },
    error(command, { code, message, hint, details }) {
      if (isJson) {
        const error = { code, message, hint: hint ?? null, details: details ?? null };
        stderr.write(`${harmlessJson({ command, error })}\n`);
      } else {
        stderr.write(`${aside.bad("savepoint:")} ${harmless(message)}\n`);
        if (hint !== undefined) stderr.write(`${aside.dim(harmless(hint))}\n`);
      }
    },
  };
}

/** Whoever reads the answer (`| head`) may have seen enough before all is written. */
export function endQuietlyWithTheReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      // The disk is full, or the terminal is gone: nothing more can be said there.
      process.exit(exitCodes.failed);
    });
  }
}
