import type { LanguageModelUsage, ModelMessage as SdkMessage } from "ai";
import type { Usage } from "../core/usage.ts";
import type { Reservation } from "../core/workplace.ts";
import { type Answer, type Received, streamAnswer } from "./answer-stream.ts";
import type { Call } from "./call.ts";
import { fitted, inputTokensOf, outputTokensOf, type Plan, wantedFor } from "./estimate.ts";
import { failureOf, overrun, streamBroken, timedOut } from "./failures.ts";
import { costOf } from "./prices.ts";
import { languageModel } from "./providers.ts";
import { Silence } from "./silence.ts";
import { isStrictSchema } from "./structured-output.ts";
import { type Spent, type Tokens, Trace } from "./trace.ts";

export interface Exchange {
  answer: Answer;
  plan: Plan;
}

/**
 * One request and its answer: reserved before it is made, on the record while it is, and what it really used counted
 * however it ended.
 * @throws ModelError, GuardrailExceeded, or the reason of the workplace's signal
 */
export async function exchange(
  call: Call,
  messages: readonly SdkMessage[],
  { retries, takesSchemas }: { retries: number; takesSchemas: boolean },
): Promise<Exchange> {
  const { plan, reservation } = await reserve(call, messages);
  const received: Received = { reached: "nobody", text: "", characters: 0, usage: undefined, overrun: undefined };
  let trace: Trace | undefined;
  try {
    trace = await Trace.begin(call, { retries, outputCap: plan.outputCap });
    const answer = await listen(call, messages, { plan, received, trace, takesSchemas });
    const { used, spent } = account(call, plan, received);
    await Promise.all([reservation.settle(used), trace.completed(answer, spent)]);
    call.count(used);
    return { answer, plan };
  } catch (error) {
    const failure = explained(error, call, received);
    const { used, spent } = account(call, plan, received);
    const isMade = trace !== undefined;
    await Promise.all([reservation.settle(isMade ? { ...used, turns: 0 } : {}), trace?.failed(failure, spent)]);
    if (isMade) call.count({ ...used, turns: 0 });
    // Now that it is counted the budget can say what was used.
    if (failure === received.overrun && plan.loweredBy !== undefined)
      throw call.workplace.budget.exceeded(plan.loweredBy);
    throw failure;
  }
}

const defaultOutputCap = 4_096;

/** Where less is left than the request may use its answer is made shorter: the cap that is sent is what is reserved. */
async function reserve(call: Call, messages: readonly SdkMessage[]): Promise<{ plan: Plan; reservation: Reservation }> {
  const { request, instructions, schema, workplace, model } = call;
  const inputTokens = inputTokensOf(messages, { instructions, tools: request.tools, schema });
  const whole: Plan = { inputTokens, outputCap: request.maxTokens ?? defaultOutputCap, loweredBy: undefined };
  let plan = whole;
  const reservation = await workplace.budget.reserve(wantedFor(whole, model.price), {
    fit(room) {
      const smaller = fitted(whole, room, model.price);
      if (smaller === undefined) return undefined;
      plan = smaller;
      return wantedFor(smaller, model.price);
    },
  });
  return { plan, reservation };
}

async function listen(
  call: Call,
  messages: readonly SdkMessage[],
  { plan, received, trace, takesSchemas }: { plan: Plan; received: Received; trace: Trace; takesSchemas: boolean },
): Promise<Answer> {
  const { services, model, request, workplace, instructions, schema } = call;
  const limitMs = services.silenceMs(model);
  const tooMuch = new AbortController();
  const onReceived = () => {
    trace.received(received.characters);
    if (outputTokensOf(received.characters) <= mostOutput(plan)) return;
    received.overrun ??= overrun(model, plan.outputCap);
    tooMuch.abort(received.overrun);
  };
  const silence = new Silence({
    clock: services.clock,
    limitMs,
    heartbeatMs: services.heartbeatMs,
    onHeartbeat: () => trace.working(),
    reason: () => timedOut(model, limitMs),
  });
  try {
    const fetch = silence.listen(services.fetch);
    const answer = await streamAnswer(
      {
        model: await languageModel(model, { fetch, takesSchemas }),
        instructions,
        messages,
        temperature: request.temperature,
        outputCap: plan.outputCap,
        schema,
        isStrict: schema !== undefined && isStrictSchema(schema),
        tools: request.tools,
        signal: AbortSignal.any([workplace.signal, silence.signal, tooMuch.signal]),
      },
      received,
      onReceived,
    );
    refuseBroken(call, answer);
    return answer;
  } catch (error) {
    silence.signal.throwIfAborted();
    throw error;
  } finally {
    received.reached = silence.reached;
    silence.end();
  }
}

/** No usual text has so few tokens: who sends more than this does not keep to the cap. */
function mostOutput({ outputCap }: Plan): number {
  return 2 * outputCap + 64;
}

/** A stream that ends without having said why has lost its end. */
function refuseBroken({ model }: Call, { finishReason, rawFinishReason }: Answer): void {
  const isLost = finishReason === "interrupted" || (finishReason === "other" && rawFinishReason === undefined);
  if (isLost || finishReason === "error") throw streamBroken(rawFinishReason ?? "its end is missing", model);
}

function explained(error: unknown, { workplace, model, services }: Call, received: Received): unknown {
  if (workplace.signal.aborted) return workplace.signal.reason;
  return failureOf(error, { model, now: services.clock.now(), hasBegun: received.reached === "answered" });
}

/**
 * What a request used. Where an answer broke off nobody says how much it was: then what was sent counts, and what had
 * arrived. A request that was refused used nothing.
 */
function account({ model }: Call, plan: Plan, received: Received): { used: Usage; spent: Spent } {
  const told = tokensOf(received.usage);
  const tokens = told ?? estimated(plan, received);
  const isNothing = tokens.inputTokens + tokens.outputTokens === 0;
  const costUsd = isNothing ? 0 : costOf(model.price, tokens);
  const used = { requests: 1, turns: 1, toolCalls: 0, ...tokens, costUsd };
  return { used, spent: { tokens, costUsd, isEstimated: told === undefined && !isNothing } };
}

function tokensOf(usage: LanguageModelUsage | undefined): Tokens | undefined {
  if (usage?.inputTokens === undefined && usage?.outputTokens === undefined) return undefined;
  return {
    inputTokens: counted(usage.inputTokens),
    outputTokens: counted(usage.outputTokens),
    cachedTokens: counted(usage.inputTokenDetails.cacheReadTokens),
    reasoningTokens: counted(usage.outputTokenDetails.reasoningTokens),
  };
}

/** A provider that counts below zero gives nothing back to a budget. */
function counted(tokens: number | undefined): number {
  return tokens !== undefined && Number.isFinite(tokens) ? Math.max(0, Math.round(tokens)) : 0;
}

function estimated({ inputTokens }: Plan, { reached, characters }: Received): Tokens {
  const nothing = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
  return reached === "nobody" ? nothing : { ...nothing, inputTokens, outputTokens: outputTokensOf(characters) };
}
