import type { Followed } from "../tools/following.ts";
import type { Call, Operations } from "./operations.ts";

/** The operations of the catalogue, on the local store or on a server; both answer and fail alike. */
export interface SavepointClient extends Operations {
  /** Performs an operation by the name of its tool, for callers who learn the name only when they run. */
  readonly call: Call;
  /**
   * The timeline of an execution as it grows, until the execution has ended; leave the loop to stop following.
   * @throws UserError `not_found` or `ambiguous`
   */
  follow(executionId: string, options?: FollowOptions): AsyncIterable<Followed>;
  close(): Promise<void>;
}

export interface FollowOptions {
  /** Begin behind the event with this id. */
  afterId?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface LocalOptions {
  /** The project folder; default: `SAVEPOINT_PROJECT`, else the working directory. */
  project?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Told what goes wrong beside the calls, such as a worker that cannot be started. */
  onProblem?: ((message: string, cause?: unknown) => void) | undefined;
}

export interface RemoteOptions {
  /** Where `savepoint serve` listens, for example `http://127.0.0.1:7420`. */
  url: string | URL;
  /** The bearer token of that server. */
  token: string;
}
