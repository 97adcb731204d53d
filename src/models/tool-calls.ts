import type { ToolModelMessage } from "ai";
import { GuardrailExceeded } from "../budgets/exceeded.ts";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import type { ModelRequest } from "../core/model-call.ts";
import { nearest } from "../core/suggest.ts";
import type { Workplace } from "../core/workplace.ts";
import type { ToolCall } from "./answer-stream.ts";

export type CallTool = (name: string, input: unknown) => Promise<unknown>;

export interface ToolCallsOptions {
  clock: Clock;
  workplace: Workplace;
  tools: ModelRequest["tools"];
  callTool: CallTool;
}

type ToolResult = Extract<ToolModelMessage["content"][number], { type: "tool-result" }>;
type Output = ToolResult["output"];
type JsonOutput = Extract<Output, { type: "json" }>;

/** So many answers with refused calls in a row are borne; a model that goes on after them does not listen. */
const mostRefusals = 3;

/** The calls of tools in one conversation, made under the budget. */
export class ToolCalls {
  readonly #options: ToolCallsOptions;
  #made = 0;
  #refusalsInARow = 0;

  constructor(options: ToolCallsOptions) {
    this.#options = options;
  }

  /** Calls that were made, those that failed included. */
  get made(): number {
    return this.#made;
  }

  /**
   * Makes the calls of one answer, one after the other, and answers what goes back to the model.
   * @throws GuardrailExceeded where a person is to be asked, or where refusing does not help
   */
  async answer(calls: readonly ToolCall[]): Promise<ToolModelMessage> {
    const content: ToolResult[] = [];
    let refusal: GuardrailExceeded | undefined;
    for (const call of calls) {
      this.#options.workplace.signal.throwIfAborted();
      const { output, refusedBy } = await this.#answerOne(call);
      refusal ??= refusedBy;
      content.push({ type: "tool-result", toolCallId: call.id, toolName: call.name, output });
    }
    this.#refusalsInARow = refusal === undefined ? 0 : this.#refusalsInARow + 1;
    if (refusal !== undefined && this.#refusalsInARow >= mostRefusals) throw refusal;
    return { role: "tool", content };
  }

  async #answerOne(call: ToolCall): Promise<{ output: Output; refusedBy?: GuardrailExceeded }> {
    const { clock, workplace, tools } = this.#options;
    workplace.event("tool_called", { tool: call.name, arguments: shortened(call.input) });
    const startedAt = clock.now();
    const answered = (status: "completed" | "failed" | "refused") =>
      workplace.event("tool_answered", { tool: call.name, status, ms: clock.now() - startedAt });
    const problem = problemOf(call, tools);
    if (problem !== undefined) {
      answered("failed");
      return { output: errorText(problem) };
    }
    const reservation = await this.#reserve();
    if (reservation instanceof GuardrailExceeded) {
      answered("refused");
      return { output: errorText(refusalText), refusedBy: reservation };
    }
    // Counted when it begins, since one that hangs may never end.
    await reservation.settle({ toolCalls: 1 });
    const output = await this.#run(call);
    answered(output.type === "error-text" ? "failed" : "completed");
    return { output };
  }

  /** The refusal where the limit is one at which the work ends, so that the model may finish with what it has. */
  async #reserve() {
    const { workplace } = this.#options;
    try {
      return await workplace.budget.reserve({ requests: 0, tokens: 0, toolCalls: 1, turns: 0, costUsd: 0 });
    } catch (error) {
      if (!(error instanceof GuardrailExceeded)) throw error;
      const { limit, allowed, used, onExceed } = error.exceedance;
      if (onExceed === "ask" || limit !== "max_tool_calls") throw error;
      workplace.event("guardrail_exceeded", { limit, allowed, used });
      return error;
    }
  }

  async #run({ name, input }: ToolCall): Promise<Output> {
    this.#made++;
    try {
      return toOutput(await this.#options.callTool(name, input));
    } catch (error) {
      if (error instanceof GuardrailExceeded) throw error;
      this.#options.workplace.signal.throwIfAborted();
      return errorText(messageOf(error));
    }
  }
}

const refusalText =
  "The limit of tool calls is reached: this call was not made, and no other will be. Finish with what you have.";

/** What is wrong with a call, for the model; undefined: nothing. */
function problemOf({ name, input, isReadable }: ToolCall, tools: ModelRequest["tools"]): string | undefined {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) {
    const names = tools.map((one) => one.name);
    const [near] = nearest(name, names, 1);
    return `there is no tool ${name}${near === undefined ? "" : `; did you mean ${near}?`} The tools are ${names.join(", ")}.`;
  }
  if (!isReadable) return "the arguments are no JSON";
  const problems = compileJsonSchema(tool.inputSchema)(input);
  return problems.length === 0 ? undefined : `the arguments do not fit: ${problems.join("; ")}`;
}

function toOutput(value: unknown): Output {
  if (typeof value === "string") return { type: "text", value };
  const text = JSON.stringify(value ?? null);
  const json: JsonOutput["value"] = JSON.parse(text ?? "null");
  return { type: "json", value: json };
}

function errorText(value: string): Output {
  return { type: "error-text", value };
}

const longestArguments = 200;

function shortened(input: unknown): string {
  const text = typeof input === "string" ? input : (JSON.stringify(input) ?? "");
  return text.length <= longestArguments ? text : `${text.slice(0, longestArguments - 1)}…`;
}
