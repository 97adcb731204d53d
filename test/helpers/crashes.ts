import { drive as driveProcesses, type Side } from "../../crash/simulated/drive.ts";
import type { Execution } from "../../src/store/execution.ts";
import { type AnyFlow, openTestEngine, type TestEngine } from "./engine.ts";

export interface Drive {
  folder: string;
  flow: AnyFlow;
  /** Whether the process dies at its nth write (counted over all processes), and on which side of the commit. */
  crashAt(write: number): Side | undefined;
  /** What is answered to a wait. */
  answerTo(wait: string): unknown;
}

/** Runs one execution to its end through as many processes as it takes; `last` is the caller's to close. */
export async function drive({ folder, flow, crashAt, answerTo }: Drive): Promise<{
  execution: Execution;
  last: TestEngine;
  writes: number;
  crashes: number;
}> {
  const world = { reactTo: (wait: string) => ({ answer: answerTo(wait) }) };
  const { last, clock, ...driven } = await driveProcesses({ folder, flow, crashAt, world });
  await last.close();
  return { ...driven, last: openTestEngine(folder, [flow], { clock }) };
}
