import { format } from "node:util";
import { MisuseError } from "../../flows/errors.ts";
import { type Scope, scopeStorage } from "../../flows/runtime.ts";
import type { LogLevel } from "../../store/logs.ts";

export interface UserCodeGuard {
  /** Ends the process, whatever user code thinks of it. */
  exit(code: number): never;
}

/**
 * Makes a process safe to run user code in: what it prints becomes log lines of its execution, `process.exit` ends
 * the checkpoint or the execution instead of the worker, and what nobody catches fails its owner alone.
 * @param onStray told what cannot be put down to an execution
 */
export function guardUserCode(onStray: (message: string) => void): UserCodeGuard {
  const exit = process.exit.bind(process);
  process.exit = ((code?: number | string | null) => refuse(`process.exit(${code ?? ""})`)) as typeof process.exit;
  process.abort = () => refuse("process.abort()");
  captureConsole(onStray);
  captureStream(process.stdout, "info", onStray);
  captureStream(process.stderr, "warn", onStray);
  process.on("uncaughtException", (error) => blame(error, onStray));
  process.on("unhandledRejection", (error) => blame(error, onStray));
  return { exit };
}

function refuse(call: string): never {
  throw new MisuseError(`${call} was called: return from the flow or throw an error instead`);
}

const consoleLevels = {
  log: "info",
  info: "info",
  debug: "debug",
  trace: "debug",
  warn: "warn",
  error: "error",
} as const;

function captureConsole(onStray: (message: string) => void): void {
  for (const [method, level] of Object.entries(consoleLevels)) {
    console[method as keyof typeof consoleLevels] = (...parts: unknown[]) => {
      print(scopeStorage.getStore(), level, format(...parts), onStray);
    };
  }
}

/** What is written to the stream directly, or by the console's other methods. */
function captureStream(stream: NodeJS.WriteStream, level: LogLevel, onStray: (message: string) => void): void {
  const pending = new Map<Scope | undefined, string>();
  const flush = (scope: Scope | undefined) => {
    const text = pending.get(scope) ?? "";
    pending.delete(scope);
    print(scope, level, text.replace(/\n$/, ""), onStray);
  };
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    const text = typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    const scope = scopeStorage.getStore();
    // What is written in pieces in one go is one line, and a secret in it is whole.
    if (!pending.has(scope)) queueMicrotask(() => flush(scope));
    pending.set(scope, `${pending.get(scope) ?? ""}${text}`);
    const callback = typeof encoding === "function" ? encoding : done;
    if (typeof callback === "function") queueMicrotask(callback as () => void);
    return true;
  }) as typeof stream.write;
}

function print(scope: Scope | undefined, level: LogLevel, message: string, onStray: (message: string) => void): void {
  if (scope === undefined) onStray(message);
  else scope.runtime.print(level, message, scope.checkpoint);
}

function blame(error: unknown, onStray: (message: string) => void): void {
  const scope = scopeStorage.getStore();
  if (scope === undefined) onStray(`nobody caught: ${error instanceof Error ? error.stack : String(error)}`);
  else scope.runtime.crash(error, scope.checkpoint);
}
