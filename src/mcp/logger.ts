import type { Logger as Pino } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Logger {
  /** Writes a line to stderr, where the level is asked for. */
  log(level: LogLevel, message: string, cause?: unknown): void;
}

const gravity = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: 100 } as const;

/**
 * A logger that loads pino with its first line: a server that has nothing to say never does.
 * @param redact rids each line of secrets, once that can be done
 */
export function createLogger(env: NodeJS.ProcessEnv, redact: (line: string) => string): Logger {
  const level = levelOf(env.SAVEPOINT_LOG_LEVEL);
  let loading: Promise<Pino> | undefined;
  return {
    log(lineLevel, message, cause) {
      if (gravity[lineLevel] < gravity[level]) return;
      loading ??= load(level, redact);
      loading.then(
        (pino) => pino[lineLevel](cause === undefined ? {} : { err: cause }, message),
        () => process.stderr.write(redact(`${lineLevel}: ${message}\n`)),
      );
    },
  };
}

function levelOf(text: string | undefined): keyof typeof gravity {
  const wanted = text?.trim().toLowerCase() ?? "";
  return Object.hasOwn(gravity, wanted) ? (wanted as keyof typeof gravity) : "warn";
}

async function load(level: string, redact: (line: string) => string): Promise<Pino> {
  const { pino } = await import("pino");
  const hooks = { streamWrite: redact };
  return pino({ name: "savepoint", level, hooks }, pino.destination({ fd: 2, sync: true }));
}
