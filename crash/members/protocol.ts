import type { memberFlows } from "./flows.ts";

/** What a parent tells a member process to do. `at`: not before this instant. */
export type Command =
  | { do: "open"; folder: string; connections: number; uid?: number | undefined }
  | { do: "work"; leaseMs: number }
  | { do: "run"; flow: keyof typeof memberFlows; input: never; key?: string; times: number; at?: number }
  | {
      do: "answer";
      execution: string;
      wait: string;
      value?: string;
      early?: boolean;
      key?: string;
      times: number;
      at?: number;
    }
  | { do: "cancel"; execution: string }
  | { do: "close" };

export interface Request {
  id: number;
  command: Command;
}

/** How one of several calls came out. */
export type Outcome = { value: string } | { code: string; message: string };

export type Reply = { id: number; value: unknown } | { id: number; error: { code: string; message: string } };
export type Message = Reply | { problem: string };
