import type { AgentRequest } from "../core/model-call.ts";
import type { Usage } from "../core/usage.ts";
import type { Workplace } from "../core/workplace.ts";
import type { Spending } from "./spending.ts";

export interface AgentTask {
  request: AgentRequest;
  workplace: Workplace;
  /** Counts what the agent uses, while it does. */
  spending: Spending;
  /** The folder in which it works. */
  cwd: string;
}

export interface AgentOutcome {
  text: string;
  output: unknown;
  sessionId: string | undefined;
  finishReason: string | null;
  usage: Usage;
  /** False where nobody said what was used. */
  isMeasured: boolean;
  firstAnswerMs: number | null;
}

/** A kind of agent: how its program is called, and how what it says is understood. */
export interface AgentKind {
  /** What the records name it. */
  readonly provider: string;
  run(task: AgentTask): Promise<AgentOutcome>;
}
