import { GuardrailExceeded } from "../../budgets/exceeded.ts";
import { compileJsonSchema } from "../../core/json-schema.ts";
import { ModelError } from "../../core/model-error.ts";
import type { Usage } from "../../core/usage.ts";
import type { Room } from "../../core/workplace.ts";
import { lastLine } from "../failures.ts";
import type { AgentOutcome, AgentTask } from "../kind.ts";
import type { ProgramEnd } from "../program-run.ts";
import type { Spending } from "../spending.ts";
import type { Conversation } from "./conversation.ts";
import type { ClaudeResult } from "./lines.ts";
import type { Session } from "./session.ts";
import { sumOf } from "./sums.ts";

export interface ConversationEnd extends ProgramEnd {
  /** What was left of the guardrails when it began. */
  room: Room;
}

interface Concluded {
  task: AgentTask;
  session: Session;
  end: ConversationEnd;
  conversation: Conversation;
}

const unknownSession = "session_unknown";

export function isUnknownSession(error: unknown): boolean {
  return error instanceof ModelError && error.code === unknownSession;
}

/**
 * What came of a run, by everything that is known of it: no single field can be trusted. What was used is spent first.
 * @throws ModelError, GuardrailExceeded
 */
export async function conclude(concluded: Concluded): Promise<AgentOutcome> {
  const { task, session, conversation } = concluded;
  const { spending } = task;
  await conversation.finish();
  const result = conversation.results.at(-1);
  const sum = sumOf(conversation.results, session, (model, usage) => spending.priceOf(model, usage));
  const passed =
    sum === undefined ? undefined : await limitPassed(spending, { ...sum, ...turnsOf(conversation, result) });
  // How it failed says more than that it passed a limit meanwhile.
  const failure = failureOf(concluded, result) ?? passed;
  if (failure !== undefined || result === undefined) throw failure;
  const { text, output } = answerOf(task, result);
  const finishReason = result.stop_reason ?? result.subtype;
  return { text, output, sessionId: session.id, finishReason, ...spending.told };
}

async function limitPassed(spending: Spending, sum: Partial<Usage>): Promise<GuardrailExceeded | undefined> {
  try {
    await spending.settle(sum);
    return undefined;
  } catch (error) {
    if (error instanceof GuardrailExceeded) return error;
    throw error;
  }
}

/** Where nothing was said but the result, it alone tells of turns. */
function turnsOf({ turns }: Conversation, result: ClaudeResult | undefined): Partial<Usage> {
  if (turns > 0 || result === undefined) return {};
  return { turns: result.num_turns, requests: result.num_turns };
}

function failureOf({ task, end, conversation }: Concluded, result: ClaudeResult | undefined): Error | undefined {
  const said = `${conversation.words}\n${end.lastWords}\n${(result?.errors ?? []).join("\n")}`;
  if (/No conversation found with session ID/i.test(said)) {
    return new ModelError(unknownSession, "Claude Code does not know the session that was to be resumed");
  }
  if (result === undefined) return failureWithoutResult(end, conversation.words);
  const isFailed = result.is_error === true || (result.subtype ?? "success") !== "success" || end.exitCode !== 0;
  if (!isFailed) return undefined;
  return failureBySubtype(task, end.room, result) ?? failureByStatus(result) ?? otherFailure(end, result);
}

function failureWithoutResult({ exitCode, signal, lastWords }: ProgramEnd, words: string): Error {
  if (exitCode === 0) {
    return new ModelError("no_output", `Claude Code ended without a result${lastLine(words || lastWords)}`);
  }
  const how = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  return new ModelError("agent_failed", `Claude Code ${how}${lastLine(lastWords || words)}`);
}

function failureBySubtype({ request, workplace }: AgentTask, room: Room, result: ClaudeResult): Error | undefined {
  switch (result.subtype) {
    case "error_max_turns":
      if (room.turns < (request.maxTurns ?? Number.POSITIVE_INFINITY)) return workplace.budget.exceeded("max_turns");
      return new ModelError("max_turns", `the agent was not done after ${request.maxTurns ?? result.num_turns} turns`, {
        hint: "Give it more turns (maxTurns), or a smaller task.",
      });
    case "error_max_budget_usd":
      return workplace.budget.exceeded("max_cost_usd");
    case "error_max_structured_output_retries":
      return new ModelError("unfit_answer", `the agent's answer did not fit its schema${lastLine(wordsOf(result))}`);
    default:
      return undefined;
  }
}

function failureByStatus(result: ClaudeResult): Error | undefined {
  const status = result.api_error_status ?? undefined;
  const words = wordsOf(result);
  if (status === 429) return new ModelError("rate_limited", words, { isTransient: true });
  if (status === 401 || status === 403) {
    return new ModelError("unauthorized", words, {
      hint: "Log in with `claude`, or set ANTHROPIC_API_KEY (or CLAUDE_CODE_OAUTH_TOKEN) where the worker is started.",
    });
  }
  if (status !== undefined && status >= 500) return new ModelError("overloaded", words, { isTransient: true });
  if (status === undefined && result.terminal_reason === "api_error") {
    return new ModelError("unreachable", words, { isTransient: true });
  }
  return undefined;
}

function otherFailure({ exitCode, signal, lastWords }: ProgramEnd, result: ClaudeResult): Error {
  const words = wordsOf(result) || lastWords;
  const end = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  const how = exitCode === 0 ? `failed (${result.subtype ?? "no reason given"})` : end;
  return new ModelError("agent_failed", `Claude Code ${how}${lastLine(words)}`);
}

function wordsOf({ errors, result }: ClaudeResult): string {
  return errors?.join("; ") || result || "";
}

function answerOf({ request }: AgentTask, result: ClaudeResult): { text: string; output: unknown } {
  const text = result.result ?? "";
  if (request.outputSchema !== undefined) {
    const output = result.structured_output ?? parsed(text);
    const problems = compileJsonSchema(request.outputSchema)(output);
    if (problems.length === 0) return { text, output };
    throw new ModelError("unfit_answer", `the agent's answer does not fit its schema: ${problems.join("; ")}`);
  }
  if (text.trim() === "") throw new ModelError("no_output", "Claude Code ended without saying anything");
  return { text, output: undefined };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
