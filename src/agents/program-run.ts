import { ModelError } from "../core/model-error.ts";
import type { Workplace } from "../core/workplace.ts";
import type { LeaderEnd } from "../processes/group.ts";
import { runProgram } from "../processes/run-program.ts";

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
 * Runs the program of an agent to its end, handing over what it writes line by line.
 * @throws the signal's reason when it fires, and what `onLine` throws; the program is stopped then
 */
export async function runAgentProgram(program: AgentProgram, options: RunOptions): Promise<ProgramEnd> {
  const { workplace, signal, onLine, onGone } = options;
  let words = Buffer.alloc(0);
  const end = await runProgram(program, {
    groups: { record: (leader) => workplace.recordGroup(leader), forget: (pid) => workplace.forgetGroup(pid) },
    marks: { SAVEPOINT_PARENT_EXECUTION_ID: workplace.executionId },
    signal,
    readOutput: (chunks) => readLines(chunks, onLine),
    async readErrors(chunks) {
      for await (const chunk of chunks) words = Buffer.concat([words, chunk]).subarray(-mostLastWords);
    },
    ...(onGone !== undefined && { onGone }),
  });
  return { ...end, lastWords: words.toString().trim() };
}

async function readLines(chunks: AsyncIterable<Buffer>, onLine: (line: string) => Promise<void>): Promise<void> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
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
