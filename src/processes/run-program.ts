import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Leader, type LeaderEnd, startGroup } from "./group.ts";
import { endMarked, type Marks } from "./marked.ts";

export interface ProgramStart {
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** All that it reads from its standard input. */
  input: string;
  isVerbatim?: boolean | undefined;
}

type Chunks = AsyncIterable<Buffer>;

interface ProgramOptions {
  /** The record of process groups, by which whoever goes on after a crash finds this one. */
  groups: { record(leader: Leader): Promise<void>; forget(pid: number): Promise<void> };
  /** Variables of the program's environment that tell it from those of others; what leaves the group keeps them. */
  marks: Marks;
  /** Stops the program. */
  signal: AbortSignal;
  readOutput(chunks: Chunks): Promise<void>;
  readErrors(chunks: Chunks): Promise<void>;
  /** Called when nothing of the program runs any more, before the record says so. */
  onGone?(): void;
}

/** How long a program that is told to stop may take: then it is killed. All is to be gone two seconds after a deadline. */
const graceMs = 1_200;
/** How long after a program's end its output is waited for: what it started may hold the pipe for ever. */
const longestDrainMs = 1_000;
/** Beside the program of a checkpoint there may be another one, which is not to end with it. */
const runMark = "SAVEPOINT_PROGRAM_RUN";

/**
 * Runs a program to its end in a process group that is on the record, handing over what it writes as it comes. Nothing
 * of the group runs any more when this returns or throws; on Linux nothing either of what has left it.
 * @throws the signal's reason when it fires, and what the readers throw; the program is stopped then
 */
export async function runProgram(program: ProgramStart, options: ProgramOptions): Promise<LeaderEnd> {
  const { groups, marks, signal, readOutput, readErrors, onGone } = options;
  signal.throwIfAborted();
  const mark = { [runMark]: randomUUID() };
  const env = { ...program.env, ...mark };
  const streams = ["pipe", "pipe", "pipe"] as const;
  const group = await startGroup({ ...program, env, streams, isAskedFirst: true }, (leader) => groups.record(leader));
  const aborted = whenAborted(signal);
  try {
    group.stdin?.end(program.input);
    const reading = Promise.all([read(group.stdout, readOutput), read(group.stderr, readErrors)]);
    const end = await Promise.race([group.ended, aborted.promise, reading.then(() => group.ended)]);
    await Promise.race([reading, aborted.promise, sleep(longestDrainMs, undefined, { ref: false })]);
    return end;
  } finally {
    aborted.forget();
    await group.end(graceMs);
    await endMarked({ ...marks, ...mark });
    onGone?.();
    await groups.forget(group.leader.pid);
  }
}

function whenAborted(signal: AbortSignal): { promise: Promise<never>; forget(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const fire = () => reject(signal.reason);
  signal.addEventListener("abort", fire, { once: true });
  if (signal.aborted) fire();
  promise.catch(() => {});
  return { promise, forget: () => signal.removeEventListener("abort", fire) };
}

/** Rejects with what the reader throws; a stream that is cut off is a stream that ended. */
function read(stream: Readable | null, reader: (chunks: Chunks) => Promise<void>): Promise<void> {
  return stream === null ? Promise.resolve() : reader(untilCut(stream));
}

async function* untilCut(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (!stream.destroyed) throw error;
  }
}
