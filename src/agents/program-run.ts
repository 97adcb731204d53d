import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelError } from "../core/model-error.ts";
import type { Workplace } from "../core/workplace.ts";
import { type LeaderEnd, type ProcessGroup, startGroup } from "../processes/group.ts";
import { endMarked } from "../processes/marked.ts";

export interface AgentProgram {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** What it reads from its standard input. */
  input: string;
}

export interface ProgramEnd extends LeaderEnd {
  /** The end of what it wrote to its standard error. */
  lastWords: string;
}

/** How long a program that is told to stop may take: then it is killed. All is to be gone two seconds after a deadline. */
const graceMs = 1_200;
/** How long after a program's end its output is waited for: what it started may hold the pipe for ever. */
const longestDrainMs = 1_000;
const mostLastWords = 8 * 1024;
const longestLine = 64 * 1024 * 1024;

interface RunOptions {
  workplace: Workplace;
  /** Stops the program. */
  signal: AbortSignal;
  onLine(line: string): Promise<void>;
  /** Called when nothing of the program runs any more, before the record says so. */
  onGone?(): void;
}

/**
 * Runs a program to its end in a process group that is on the checkpoint's record, handing over what it writes line by
 * line. Nothing of the group runs any more when this returns or throws; on Linux nothing either of what has left it.
 * @throws the signal's reason when it fires, and what `onLine` throws; the program is stopped then
 */
export async function runProgram(program: AgentProgram, options: RunOptions): Promise<ProgramEnd> {
  const { workplace, signal, onLine, onGone } = options;
  signal.throwIfAborted();
  // Beside the agent of a checkpoint there may be another one, which is not to end with it.
  const runId = randomUUID();
  const group = await start(program, workplace, runId);
  const aborted = whenAborted(signal);
  try {
    group.stdin?.end(program.input);
    const lastWords = keepLastWords(group.stderr);
    const reading = readLines(group.stdout, onLine);
    const end = await Promise.race([group.ended, aborted.promise, reading.then(() => group.ended)]);
    await Promise.race([reading, aborted.promise, sleep(longestDrainMs, undefined, { ref: false })]);
    return { ...end, lastWords: lastWords() };
  } finally {
    aborted.forget();
    await group.end(graceMs);
    await endMarked({ SAVEPOINT_PARENT_EXECUTION_ID: workplace.executionId, SAVEPOINT_AGENT_RUN: runId });
    onGone?.();
    await workplace.forgetGroup(group.leader.pid);
  }
}

function start(program: AgentProgram, workplace: Workplace, runId: string): Promise<ProcessGroup> {
  const env = { ...program.env, SAVEPOINT_AGENT_RUN: runId };
  const streams = ["pipe", "pipe", "pipe"] as const;
  return startGroup({ ...program, env, streams, isAskedFirst: true }, (leader) => workplace.recordGroup(leader));
}

function whenAborted(signal: AbortSignal): { promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const fire = () => reject(signal.reason);
  signal.addEventListener("abort", fire, { once: true });
  if (signal.aborted) fire();
  promise.catch(() => {});
  return { promise, forget: () => signal.removeEventListener("abort", fire) };
}

/** Rejects with what `onLine` throws; a stream that is cut off is a stream that ended. */
function readLines(stream: Readable | null, onLine: (line: string) => Promise<void>): Promise<void> {
  const reading = stream === null ? Promise.resolve() : consume(stream, onLine);
  // Nobody may be waiting any more when it fails.
  reading.catch(() => {});
  return reading;
}

async function consume(stream: Readable, onLine: (line: string) => Promise<void>): Promise<void> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of untilCut(stream)) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      pieces.push(rest.subarray(0, end));
      const line = Buffer.concat(pieces).toString();
      pieces = [];
      bytes = 0;
      rest = rest.subarray(end + 1);
      await onLine(line);
    }
    bytes += rest.length;
    if (bytes > longestLine) {
      throw new ModelError("output_too_large", `the agent wrote a line of more than ${longestLine} bytes`);
    }
    pieces.push(rest);
  }
  if (bytes > 0) await onLine(Buffer.concat(pieces).toString());
}

async function* untilCut(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (!stream.destroyed) throw error;
  }
}

function keepLastWords(stream: Readable | null): () => string {
  let words = Buffer.alloc(0);
  stream?.on("data", (chunk: Buffer) => {
    words = Buffer.concat([words, chunk]).subarray(-mostLastWords);
  });
  return () => words.toString().trim();
}
