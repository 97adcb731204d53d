/** What a process does when it is asked to end. */
export interface StopOptions {
  /** A process that belongs to no terminal stays when one closes. */
  isDetached: boolean;
  say(message: string): void;
  /** Who asks twice from a terminal does not want to wait. */
  onSecond(): void;
}

/** Fires when the process is asked to end, with the name of the signal as its reason. */
export function stopSignal({ isDetached, say, onSecond }: StopOptions): AbortSignal {
  const stop = new AbortController();
  const ask = (name: NodeJS.Signals) => {
    if (name === "SIGINT" && stop.signal.aborted) onSecond();
    if (name === "SIGINT") say("finishes what is running; Ctrl-C once more ends it at once");
    stop.abort(name);
  };
  process.on("SIGTERM", ask).on("SIGINT", ask);
  process.on("SIGHUP", isDetached ? () => {} : ask);
  return stop.signal;
}
