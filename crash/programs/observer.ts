/** What a program's flow and checkpoints tell of their runs, as they happen. */
export interface Observer {
  /** A body begins to run; `saw` is told each thing that this run of it sees, in order. */
  body(execution: string, round: number): { saw(place: string, what: string): void };
  /** A checkpoint's body begins to run; `key` is the one that it would hand to an outside service. */
  ran(key: string, args: readonly number[], attempt: number): void;
  /** Whether what was broken when the execution failed works now. */
  isMended(execution: string): boolean;
}
