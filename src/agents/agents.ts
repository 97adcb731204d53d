import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { AgentAnswer, AgentRequest } from "../core/model-call.ts";
import type { Usage } from "../core/usage.ts";
import type { Workplace } from "../core/workplace.ts";
import type { ModelCallEnd } from "../store/model-calls.ts";
import type { Store } from "../store/store.ts";
import { claudeCode } from "./claude/claude.ts";
import { command } from "./command.ts";
import type { AgentKind, AgentOutcome } from "./kind.ts";
import { withModel } from "./model-choice.ts";
import { Spending } from "./spending.ts";
import { resolveWorkspace } from "./workspace.ts";

export interface AgentsOptions {
  store: Pick<Store, "modelCalls" | "protection">;
  clock: Clock;
  /** Agents get an allow-list of it. */
  env: NodeJS.ProcessEnv;
  projectRoot: string;
  /** What starts Savepoint's own MCP server over stdio. */
  serverProgram: { command: string; args: readonly string[] };
  /** What this usage of a model costs, by the name that the agent gives the model; undefined or null: not known. */
  costOf?: ((model: string, usage: Usage) => number | null | undefined) | undefined;
  /** The model that an alias stands for, as `provider:model`; undefined where there is no such alias. */
  aliasOf?: ((name: string) => string | undefined) | undefined;
}

export interface Agents {
  /**
   * Does a task in a process group of its own, which is gone when this returns.
   * @throws ModelError what went wrong; GuardrailExceeded at a limit; the signal's reason when it was told to stop
   */
  run(request: AgentRequest, workplace: Workplace): Promise<AgentAnswer>;
}

export function createAgents(options: AgentsOptions): Agents {
  const kinds: Record<AgentRequest["kind"], AgentKind> = { claude: claudeCode(options), command: command(options) };
  const unfinished = new Set<Unfinished>();
  return {
    async run(request, workplace) {
      await endingOf(unfinished, workplace);
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const one = { workplace, ended };
      unfinished.add(one);
      try {
        return await run(options, kinds[request.kind], { request, workplace });
      } finally {
        unfinished.delete(one);
        resolve();
      }
    },
  };
}

/** One that cannot write down its end never ends. */
const longestEndMs = 5_000;

interface Unfinished {
  workplace: Workplace;
  ended: Promise<void>;
}

/** An attempt that ran out of time takes a moment to end: the next one must not meet it at work. */
async function endingOf(unfinished: Set<Unfinished>, { executionId, ordinal }: Workplace): Promise<void> {
  const before = [...unfinished].filter(
    ({ workplace }) =>
      workplace.executionId === executionId && workplace.ordinal === ordinal && workplace.signal.aborted,
  );
  await Promise.race([Promise.all(before.map(({ ended }) => ended)), sleep(longestEndMs, undefined, { ref: false })]);
}

async function run(
  { store, clock, env, projectRoot, costOf, aliasOf }: AgentsOptions,
  kind: AgentKind,
  { request: asked, workplace }: { request: AgentRequest; workplace: Workplace },
): Promise<AgentAnswer> {
  workplace.signal.throwIfAborted();
  const request = asked.kind === "claude" ? withModel(asked, workplace, { env, aliasOf }) : asked;
  await askForRoom(workplace);
  const { selector, budget } = workplace;
  const spending = new Spending(budget, costOf);
  store.protection.learn(namedIn(env, request));
  const call = await beginCall(store, kind, { request, workplace, startedAt: clock.now() });
  try {
    await workplace.save(`${selector}.prompt`, "prompt", request.prompt);
    const cwd = resolveWorkspace(projectRoot, request.workspace);
    const outcome = await kind.run({ request, workplace, spending, cwd });
    await workplace.save(`${selector}.response`, "response", outcome.output ?? outcome.text);
    await call.end({ status: "completed", outcome, error: null });
    return answerOf(outcome);
  } catch (error) {
    await call.end({ status: "failed", outcome: { ...spending.told, finishReason: null }, error: messageOf(error) });
    throw error;
  }

  function answerOf({ text, output, sessionId, usage }: AgentOutcome): AgentAnswer {
    return { text, output, turns: usage.turns, toolCalls: usage.toolCalls, sessionId, usage };
  }
}

/** The variables that the request names: the agent may repeat what they hold. */
function namedIn(env: NodeJS.ProcessEnv, request: AgentRequest): { label: string; value: string }[] {
  return request.env.flatMap((label) => {
    const value = env[label];
    return value === undefined ? [] : [{ label, value }];
  });
}

/** An agent that could not ask its model anything is not started. */
async function askForRoom({ budget }: Workplace): Promise<void> {
  const least = { requests: 1, tokens: 1, toolCalls: 0, turns: 1, costUsd: null };
  const { costUsd } = budget.room();
  if (costUsd <= 0) throw budget.exceeded("max_cost_usd");
  await (await budget.reserve(least)).settle({});
}

interface CallEnd {
  status: "completed" | "failed";
  outcome: Pick<AgentOutcome, "usage" | "isMeasured" | "firstAnswerMs" | "finishReason">;
  error: string | null;
}

/** Puts the run on the record, as one call of a model; `end` tells how it came out. */
async function beginCall(
  store: Pick<Store, "modelCalls">,
  { provider }: AgentKind,
  { request, workplace, startedAt }: { request: AgentRequest; workplace: Workplace; startedAt: number },
) {
  const { executionSeq, ordinal, step, attempt } = workplace;
  const model = request.model ?? "default";
  const startedMs = performance.now();
  let id = 0;
  await workplace.write(() => {
    const call = { executionSeq, ordinal, checkpoint: step, provider, model, attempt, startedAt };
    id = store.modelCalls.begin({ ...call, kind: "agent", alias: null });
  });
  return {
    async end({ status, outcome, error }: CallEnd): Promise<void> {
      const latencyMs = Math.round(performance.now() - startedMs);
      const { usage, isMeasured, finishReason, firstAnswerMs } = outcome;
      const measured = (value: number) => (isMeasured ? value : null);
      const end: ModelCallEnd = {
        status,
        finishReason,
        error,
        retries: 0,
        inputTokens: measured(usage.inputTokens),
        outputTokens: measured(usage.outputTokens),
        cachedTokens: measured(usage.cachedTokens),
        reasoningTokens: measured(usage.reasoningTokens),
        toolCalls: usage.toolCalls,
        costUsd: isMeasured ? usage.costUsd : null,
        firstTokenMs: firstAnswerMs,
        latencyMs,
      };
      workplace.event("agent_ended", {
        status,
        ...(error === null ? { finish_reason: finishReason } : { error }),
        turns: usage.turns,
        tool_calls: usage.toolCalls,
        input_tokens: end.inputTokens,
        output_tokens: end.outputTokens,
        cost_usd: end.costUsd,
        latency_ms: latencyMs,
      });
      await workplace.write(() => store.modelCalls.end(id, end));
    },
  };
}
