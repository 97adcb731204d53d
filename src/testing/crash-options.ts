/** Where a process dies: at its nth write from now on, just before it, inside its transaction, or once it is committed. */
export interface CrashPoint {
  /** Counts from 1. */
  write: number;
  /** Default "after". */
  side?: "before" | "inside" | "after";
}

export interface CrashOptions {
  /**
   * When what the dead process was running is taken over: at once, or "lease": when nobody has heard of it for 15
   * seconds, on the test's clock. Default "at once".
   */
  takeover?: "at once" | "lease";
}
