import type { AgentRequest } from "../../core/model-call.ts";
import { ModelError } from "../../core/model-error.ts";
import { addUsage, noUsage, type Usage } from "../../core/usage.ts";
import type { Workplace } from "../../core/workplace.ts";
import type { Spending } from "../spending.ts";
import { inputSummary } from "./input-summary.ts";
import { type ClaudeBlock, type ClaudeLine, type ClaudeResult, type ClaudeUsage, parseLine } from "./lines.ts";
import type { ToolGate } from "./tool-gate.ts";
import { answeringTool, bareName, isMcpTool } from "./tool-names.ts";
import { hasBashRules } from "./tool-rules.ts";

/** What Claude Code writes in place of a model's answer, where there was none. */
const noModel = "<synthetic>";
/** People see at most so often that text goes on coming. */
const tellEveryMs = 1_000;
const mostUnread = 64 * 1024 * 1024;

/** What a server of an MCP configuration is that works, or may work in a moment. */
const goodStatuses = new Set(["connected", "pending"]);

type Lines = { [Type in ClaudeLine["type"]]: Extract<ClaudeLine, { type: Type }> };
type Start = Extract<ClaudeLine, { subtype: "init" }>;
type Retry = Extract<ClaudeLine, { subtype: "api_retry" }>;

interface ConversationOptions {
  workplace: Workplace;
  spending: Spending;
  /** Where the tool calls are counted that asked before they were made. */
  gate: Pick<ToolGate, "answered">;
  request: Pick<AgentRequest, "tools">;
}

/** Follows what Claude Code says while it works: tells of it, counts tools, and spends what each answer used. */
export class Conversation {
  readonly #workplace: Workplace;
  readonly #spending: Spending;
  readonly #gate: Pick<ToolGate, "answered">;
  readonly #request: Pick<AgentRequest, "tools">;
  readonly results: ClaudeResult[] = [];
  /** Answers of the model to the task itself, not to an agent below it. */
  turns = 0;
  /** What was said that is no JSON, or no whole one. */
  #unread: string[] = [];
  #unreadLength = 0;
  /** What each answer is known to have used; the same answer comes in several lines. */
  readonly #used = new Map<string, Usage>();
  /** The answer that is being streamed, by the tool call for which an agent works; null: for nobody. */
  readonly #streaming = new Map<string | null, { id: string; model: string }>();
  readonly #tools = new Map<string, string>();
  #hasBegun = false;
  #hasDeltas = false;
  #characters = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor({ workplace, spending, gate, request }: ConversationOptions) {
    this.#workplace = workplace;
    this.#spending = spending;
    this.#gate = gate;
    this.#request = request;
  }

  /** What it said without meaning it for programs. */
  get words(): string {
    return this.#unread.join("\n").trim();
  }

  /** @throws GuardrailExceeded when what it tells of was too much */
  async take(text: string): Promise<void> {
    if (text.trim() === "") return;
    const value = parsed(text);
    if (value === undefined) return this.#keepUnread(text);
    for (const one of Array.isArray(value) ? value : [value]) await this.#hear(parseLine(one));
  }

  /** Some versions print one object over several lines. */
  async finish(): Promise<void> {
    const whole = this.#unread.length > 1 ? parsed(this.#unread.join("\n")) : undefined;
    if (whole === undefined) return;
    this.#unread = [];
    for (const one of Array.isArray(whole) ? whole : [whole]) await this.#hear(parseLine(one));
  }

  #keepUnread(text: string): void {
    this.#unreadLength += text.length;
    if (this.#unreadLength <= mostUnread) this.#unread.push(text);
  }

  async #hear(line: ClaudeLine | undefined): Promise<void> {
    switch (line?.type) {
      case "assistant":
        return this.#answer(line);
      case "stream_event":
        return this.#stream(line);
      case "user":
        return this.#toolResults(line.message.content);
      case "system":
        return line.subtype === "init" ? this.#begin(line) : this.#retry(line);
      case "result":
        return void this.results.push(line);
      case undefined:
        return;
      default:
        return line satisfies never;
    }
  }

  /** What was asked for and is not there: Claude Code goes to work without it, and without a word to anybody. */
  #begin({ tools, mcp_servers: servers }: Start): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const { name, status } of servers ?? []) {
      if (goodStatuses.has(status)) continue;
      this.#workplace.event("agent_warning", { problem: "mcp_server_unavailable", name, status });
    }
    const wanted = (this.#request.tools ?? []).map(bareName).filter((name) => !isMcpTool(name));
    for (const name of tools ? wanted : []) {
      if (!tools?.includes(name)) this.#workplace.event("agent_warning", { problem: "unknown_tool", name });
    }
  }

  async #answer({ message, parent_tool_use_id: parent }: Lines["assistant"]): Promise<void> {
    if (message.model === noModel) return;
    for (const block of message.content) this.#tellBlock(block);
    if (message.usage) await this.#count(message, parent, message.usage);
  }

  async #stream({ event, parent_tool_use_id: parent }: Lines["stream_event"]): Promise<void> {
    this.#hasDeltas = true;
    if (event.type === "content_block_delta") return this.#tellText(event.delta.text);
    if (event.type === "message_start") {
      this.#streaming.set(parent, event.message);
      return this.#count(event.message, parent, event.message.usage);
    }
    const answer = this.#streaming.get(parent);
    if (answer !== undefined) await this.#count(answer, parent, event.usage);
  }

  /** Spends what the answer has used beyond what is known of it already. */
  async #count(answer: { id: string; model: string }, parent: string | null, used: ClaudeUsage): Promise<void> {
    const known = this.#used.get(answer.id);
    const isTurn = known === undefined && parent === null;
    if (isTurn) this.turns += 1;
    const all = usageOf(used);
    const more: Partial<Usage> = {
      inputTokens: Math.max(0, all.inputTokens - (known?.inputTokens ?? 0)),
      outputTokens: Math.max(0, all.outputTokens - (known?.outputTokens ?? 0)),
      cachedTokens: Math.max(0, all.cachedTokens - (known?.cachedTokens ?? 0)),
      reasoningTokens: Math.max(0, all.reasoningTokens - (known?.reasoningTokens ?? 0)),
      ...(known === undefined ? { requests: 1 } : {}),
      ...(isTurn ? { turns: 1 } : {}),
    };
    if (Object.values(more).every((value) => value === 0)) return;
    this.#used.set(answer.id, addUsage(known ?? noUsage, more));
    await this.#spending.request(answer.model, more);
  }

  #tellBlock(block: ClaudeBlock): void {
    if (block.type === "text" && !this.#hasDeltas) this.#tellText(block.text);
    if (block.type !== "tool_use" || block.name === answeringTool || this.#tools.has(block.id)) return;
    this.#tools.set(block.id, block.name);
    this.#workplace.event("tool_called", { name: block.name, input: inputSummary(block.name, block.input) });
    this.#workplace.progress({ stage: `turn ${Math.max(1, this.turns)}: ${block.name}` });
  }

  #tellText(text: string): void {
    this.#characters += text.length;
    if (performance.now() - this.#toldMs < tellEveryMs) return;
    this.#toldMs = performance.now();
    const turn = Math.max(1, this.turns);
    this.#workplace.event("model_streaming", { characters: this.#characters, turn });
    this.#workplace.progress({ stage: `turn ${turn}` });
  }

  async #toolResults(content: ClaudeBlock[]): Promise<void> {
    for (const block of content) {
      if (block.type !== "tool_result") continue;
      const { tool_use_id: id, is_error: isError } = block;
      const name = this.#tools.get(id);
      if (name === undefined) continue;
      this.#tools.delete(id);
      this.#workplace.event("tool_answered", { name, is_error: isError === true });
      if (this.#gate.answered(id) !== undefined) continue;
      // Settings of an organisation can switch our hook off: then calls count once they were made.
      await this.#spending.spend({ toolCalls: 1 });
      if (isError !== true) this.#refuseUnasked(name);
    }
  }

  /** @throws ModelError where only we could have held the tool to its rules */
  #refuseUnasked(tool: string): void {
    if (tool !== "Bash" || !hasBashRules(this.#request)) return;
    throw new ModelError("forbidden", "the agent called Bash without asking, so that its rules cannot hold", {
      hint: "Settings of Claude Code on this machine switch hooks off. Allow them, or name Bash without parentheses.",
    });
  }

  #retry({ attempt, max_retries: most, error_status: status, retry_delay_ms: delayMs }: Retry): void {
    this.#workplace.event("model_failed", { attempt, status: status ?? null, retry_in_ms: delayMs ?? null });
    const why = status ? `answered with status ${status}` : "cannot be reached";
    const seconds = Math.round((delayMs ?? 0) / 100) / 10;
    const stage = `the model ${why}: asked again in ${seconds} s`;
    this.#workplace.progress({ stage, current: attempt, ...(most ? { total: most } : {}) });
  }
}

export function usageOf(used: ClaudeUsage): Usage {
  return {
    ...noUsage,
    inputTokens: used.input_tokens + used.cache_read_input_tokens + used.cache_creation_input_tokens,
    outputTokens: used.output_tokens,
    cachedTokens: used.cache_read_input_tokens,
    reasoningTokens: used.output_tokens_details?.thinking_tokens ?? 0,
  };
}

/** Undefined for what is no JSON object or array. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
