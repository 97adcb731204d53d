import type { Failure } from "./statuses.ts";

/** How the process of its own ended in which an execution was to go on. */
export interface Death {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it wrote to standard error, where V8 says that it ran out of memory. */
  lastWords: string;
}

const hint =
  'Retry it with executions_retry: what had completed is kept, and what was running is tried again. Where it ends so each time, mend the code and use executions_replay with code: "current".';
const codes = ["out_of_memory", "native_crash", "process_exited", "crash_loop"];

export function failureOfDeath({ exitCode, signal, lastWords }: Death): Failure {
  if (/out of memory/i.test(lastWords)) {
    return failure("out_of_memory", "its process ran out of memory: V8 reached the limit of its heap");
  }
  if (signal === "SIGKILL") {
    return failure("out_of_memory", "its process was killed by the system (SIGKILL), probably for lack of memory");
  }
  if (signal !== null) return failure("native_crash", `its process crashed with ${signal}`);
  return failure("process_exited", `its process ended by itself, with exit code ${exitCode ?? "unknown"}`);
}

/** Its code never gave way, neither to its deadline nor to anything else. */
export function overdueFailure(deadlineAt: number): Failure {
  return {
    code: "timeout",
    message: `the execution did not end before its deadline, ${new Date(deadlineAt).toISOString()}; its code blocked the process, which was killed`,
    origin: "timeout",
    hint: "Look for a loop that never awaits. executions_retry goes on where it was, with the deadline counted anew.",
  };
}

export function crashLoopFailure(crashes: number, last: Failure): Failure {
  return {
    ...failure("crash_loop", `${crashes} workers died while they ran it, and then ${last.message}`),
    hint: `In a process of its own it ended as ${last.code}. ${hint}`,
  };
}

/** Whether the process was lost, which says nothing about any of the execution's calls. */
export function isDeath({ code, origin }: Failure): boolean {
  return origin === "user_code" && codes.includes(code);
}

function failure(code: string, message: string): Failure {
  return { code, message, origin: "user_code", hint };
}
