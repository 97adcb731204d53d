import { randomUUID } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import type { Workplace } from "../../core/workplace.ts";
import type { Spending } from "../spending.ts";
import { answeringTool } from "./tool-names.ts";

interface GateOptions {
  workplace: Workplace;
  spending: Spending;
  /** The answer of the model that is being worked off; several calls of one answer are refused together. */
  turn(): number;
  /** Why the tools of the task do not hold this call; undefined when they do. */
  refusal(call: { tool: string; command: string | undefined }): string | undefined;
  /** Ends the run with an error. */
  stop(error: unknown): void;
}

/** Where the agent asks before each tool call, by the program in `hook.ts`. */
export interface ToolGate {
  /** A socket's path, or the name of a pipe. */
  readonly path: string;
  /** Whether this call asked here, and what was answered. */
  answered(callId: string): "granted" | "refused" | undefined;
  close(): void;
}

const question = z.object({
  tool_name: z.string(),
  tool_use_id: z.string().optional(),
  /** Of a call of `Bash`. */
  command: z.string().optional(),
});
type Question = z.infer<typeof question>;

/** In so many turns in a row the agent may try again after it was told that it has no calls left. */
const mostRefusals = 3;
const oneCall = { requests: 0, tokens: 0, toolCalls: 1, turns: 0, costUsd: 0 };

export async function openToolGate(folder: string, options: GateOptions): Promise<ToolGate> {
  const path = process.platform === "win32" ? `\\\\.\\pipe\\savepoint-${randomUUID()}` : join(folder, "gate");
  const answers = new Map<string, "granted" | "refused">();
  const decide = decider(options);
  const sockets = new Set<Socket>();
  const answer = async (socket: Socket, line: string) => {
    const asked = question.safeParse(parsed(line));
    const refusal = asked.success ? await decide(asked.data) : "Savepoint did not understand the question.";
    const id = asked.data?.tool_use_id;
    if (id !== undefined) answers.set(id, refusal === undefined ? "granted" : "refused");
    socket.end(JSON.stringify(refusal === undefined ? { allow: true } : { allow: false, reason: refusal }));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Who hangs up without an answer refuses the call by itself.
    socket.on("error", () => {});
    const lines = createInterface({ input: socket });
    lines.on("error", () => {});
    lines.once("line", (line) => void answer(socket, line));
  });
  await listen(server, path);
  return {
    path,
    answered: (callId) => answers.get(callId),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Answers why a call is refused; undefined grants it. */
function decider({
  workplace,
  spending,
  turn,
  refusal,
  stop,
}: GateOptions): (asked: Question) => Promise<string | undefined> {
  let refusals = 0;
  let refusedIn = -1;
  return async ({ tool_name: tool, command }) => {
    const notHeld = refusal({ tool, command });
    if (notHeld !== undefined) return notHeld;
    if (tool === answeringTool) return undefined;
    try {
      const reservation = await workplace.budget.reserve(oneCall);
      await reservation.settle({ toolCalls: 1 });
      spending.note({ toolCalls: 1 });
      refusals = 0;
      return undefined;
    } catch (error) {
      if (!(error instanceof GuardrailExceeded)) return giveUp(error);
      const { limit, allowed, used, onExceed } = error.exceedance;
      workplace.event("guardrail_exceeded", { limit, allowed, used, tool });
      const now = turn();
      if (now !== refusedIn) refusals += 1;
      refusedIn = now;
      if (onExceed === "ask" || refusals >= mostRefusals) return giveUp(error);
      return `${error.message}. No tool can be called any more: finish with what you have.`;
    }
  };

  function giveUp(error: unknown): string {
    stop(error);
    return "The task is being ended.";
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
