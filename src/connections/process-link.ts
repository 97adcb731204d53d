import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { deserializeMessage, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { messageOf } from "../core/errors.ts";
import { type LeaderEnd, type ProcessGroup, startGroup } from "../processes/group.ts";
import { endMarked } from "../processes/marked.ts";
import { LastWords } from "./last-words.ts";
import type { Link } from "./link.ts";

export interface ServerProgram {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** A longer line is no message of a server that is well. */
const longestLine = 64 * 1024 * 1024;
/** How long what a server has said before its end is waited for: what it started may hold the pipe for ever. */
const drainMs = 500;
/** How long a server may take to end by itself once its input is closed, and once more when it is asked to. */
const graceMs = 1_000;

/** By which what a server started is found, wherever it went. */
const runMark = "SAVEPOINT_SERVER_RUN";

/** A server in a process group of its own, which dies with this process, spoken to over its standard streams. */
export class ProcessLink implements Link, Transport {
  readonly transport = this;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;
  readonly #program: ServerProgram;
  readonly #words = new LastWords();
  readonly #mark = { [runMark]: randomUUID() };
  #starting: Promise<ProcessGroup> | undefined;
  #gone: Promise<void> = Promise.resolve();
  #end: LeaderEnd | undefined;
  #trouble: string | undefined;

  constructor(program: ServerProgram) {
    this.#program = program;
  }

  async start(): Promise<void> {
    // No record of it is kept: it belongs to no execution, and whatever kills this process ends it as well.
    const streams = ["pipe", "pipe", "pipe"] as const;
    const env = { ...this.#program.env, ...this.#mark };
    this.#starting = startGroup({ ...this.#program, env, streams, isAskedFirst: true }, () => {});
    const group = await this.#starting;
    group.stderr?.on("data", (chunk: Buffer) => this.#words.add(chunk));
    this.#gone = this.#watch(group);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = (await this.#starting)?.stdin;
    if (stdin === null || stdin === undefined) throw new Error("the server was not started");
    await new Promise<void>((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    const group = await this.#starting?.catch(() => undefined);
    if (group === undefined) return;
    group.stdin?.end();
    await Promise.race([this.#gone, sleep(graceMs, undefined, { ref: false })]);
    await group.end(graceMs);
    await this.#gone;
  }

  fate(): string {
    return `${this.#trouble ?? howItEnded(this.#end)}${this.lastWords()}`;
  }

  lastWords(): string {
    return this.#words.told();
  }

  /** Resolves when nothing of the server runs any more. */
  async #watch(group: ProcessGroup): Promise<void> {
    const reading = this.#read(group.stdout).catch((error: unknown) => {
      this.#trouble = messageOf(error);
    });
    const ended = group.ended.then((end) => {
      this.#end = end;
    });
    await Promise.race([ended, reading]);
    await Promise.race([reading, sleep(drainMs, undefined, { ref: false })]);
    await group.end(graceMs);
    await endMarked(this.#mark);
    this.onclose?.();
  }

  async #read(stdout: Readable | null): Promise<void> {
    if (stdout === null) return;
    for await (const line of linesOf(stdout)) this.#take(line);
  }

  /** Many a server prints to its standard output what is no message; that is kept for whoever asks why it ended. */
  #take(line: string): void {
    if (line.trim() === "") return;
    let message: JSONRPCMessage;
    try {
      message = deserializeMessage(line);
    } catch (error) {
      this.#words.add(`${line.slice(0, 500)}\n`);
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
      return;
    }
    this.onmessage?.(message);
  }
}

function howItEnded(end: LeaderEnd | undefined): string {
  if (end === undefined) return "does not answer";
  if (end.exitCode === null) return `was ended by ${end.signal}`;
  return `ended with exit code ${end.exitCode}`;
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of untilCut(stream)) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      pieces.push(rest.subarray(0, end));
      yield Buffer.concat(pieces).toString();
      pieces = [];
      bytes = 0;
      rest = rest.subarray(end + 1);
    }
    bytes += rest.length;
    if (bytes > longestLine) throw new Error(`wrote a line of more than ${longestLine / 1024 / 1024} MiB`);
    pieces.push(rest);
  }
}

/** A stream that is cut off is a stream that ended. */
async function* untilCut(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (!stream.destroyed) throw error;
  }
}
