import type { LocalOptions, SavepointClient } from "../client/client.ts";
import { isUserError } from "../core/errors.ts";
import { exitCodeOfError, exitCodes } from "./exit-codes.ts";
import type { Globals } from "./globals.ts";
import { createOutput, type Output } from "./output.ts";

/** One command at work. */
export interface Session {
  /** Its dotted name, as JSON answers carry it: `executions.list`. */
  readonly command: string;
  readonly output: Output;
  /** Fires at Ctrl-C: that ends the waiting, never an execution. */
  readonly signal: AbortSignal;
  readonly source: Pick<LocalOptions, "project" | "env" | "onProblem">;
  /** Opened when it is first needed, so that a mistyped command touches no project. */
  client(): Promise<SavepointClient>;
}

/** Performs a command and leaves its outcome in `process.exitCode`; the one place where its errors are caught. */
export async function runSession(
  globals: Globals,
  command: string,
  act: (session: Session) => Promise<number>,
): Promise<void> {
  const output = createOutput(globals);
  const interruption = interruptible();
  const source = sourceOf(globals, output);
  let opened: Promise<SavepointClient> | undefined;
  const client = () => {
    opened ??= open(source);
    return opened;
  };
  try {
    const exitCode = await act({ command, output, signal: interruption.signal, source, client });
    process.exitCode = interruption.signal.aborted ? exitCodes.interrupted : exitCode;
  } catch (error) {
    if (!isUserError(error)) throw error;
    output.error(command, error);
    process.exitCode = exitCodeOfError(error);
  } finally {
    interruption.stop();
    await opened?.then(
      (one) => one.close(),
      () => {},
    );
  }
}

async function open(source: LocalOptions): Promise<SavepointClient> {
  return (await import("../client/client.ts")).openClient(source);
}

function sourceOf({ project }: Globals, output: Output): Session["source"] {
  return {
    ...(project !== undefined && { project }),
    // A copy: what prompts need to know of colours is no business of workers.
    env: { ...process.env },
    onProblem: (message) => output.warn(message),
  };
}

function interruptible(): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  // Only once: a second Ctrl-C ends the process.
  process.once("SIGINT", interrupt);
  return { signal: controller.signal, stop: () => process.removeListener("SIGINT", interrupt) };
}
