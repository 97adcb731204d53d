import { randomUUID } from "node:crypto";
import type { FakeClaudeRun, FakeClaudeTool, FakeClaudeTurn } from "./fake-claude.ts";

interface OutputOptions {
  run: FakeClaudeRun;
  sessionId: string;
  model: string;
  isPartial: boolean;
}

/** What a fake Claude Code prints, in the shapes of the real one. */
export class FakeClaudeOutput {
  readonly #options: OutputOptions;
  readonly #all: object[] = [];
  #turns = 0;
  #text = "";
  #input = 0;
  #cached = 0;
  #output = 0;

  constructor(options: OutputOptions) {
    this.#options = options;
    const { model, sessionId: session_id } = options;
    this.#print({ type: "system", subtype: "init", model, session_id, tools: [], mcp_servers: [] });
  }

  get costUsd(): number {
    return this.#turns * (this.#options.run.costPerTurn ?? 0.001);
  }

  /** An answer of the model: a line for each of its blocks, all with the usage of its beginning. */
  answer(turn: FakeClaudeTurn): { id: string; tool: FakeClaudeTool }[] {
    const { inputTokens = 100, cachedTokens = 0, outputTokens = 20, text, tools = [] } = turn;
    this.#turns += 1;
    this.#input += inputTokens;
    this.#cached += cachedTokens;
    this.#output += outputTokens;
    this.#text = text ?? "";
    const input = { input_tokens: inputTokens - cachedTokens, cache_read_input_tokens: cachedTokens };
    const usage = { ...input, cache_creation_input_tokens: 0, output_tokens: 1 };
    const message = { id: `msg_${randomUUID()}`, role: "assistant", model: this.#options.model, usage };
    const calls = tools.map((tool) => ({ id: `toolu_${randomUUID()}`, tool }));
    this.#event({ type: "message_start", message: { ...message, content: [] } });
    if (text !== undefined) {
      this.#event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
      this.#print({ type: "assistant", message: { ...message, content: [{ type: "text", text }] } });
    }
    for (const { id, tool } of calls) {
      const block = { type: "tool_use", id, name: tool.name, input: tool.input ?? {} };
      this.#print({ type: "assistant", message: { ...message, content: [block] } });
    }
    this.#event({ type: "message_delta", delta: {}, usage: { output_tokens: outputTokens } });
    return calls;
  }

  toolResult(id: string, content: string, isError: boolean): void {
    const block = { type: "tool_result", tool_use_id: id, content, is_error: isError };
    this.#print({ type: "user", message: { role: "user", content: [block] } });
  }

  end(subtype: string): void {
    const { run } = this.#options;
    if (run.result === null) return;
    this.#print({ ...this.#result(subtype), ...run.result });
    const { output = "lines" } = run;
    if (output === "object") process.stdout.write(JSON.stringify(this.#all.at(-1)));
    if (output === "array") process.stdout.write(JSON.stringify(this.#all, null, 2));
  }

  #result(subtype: string): object {
    const { model, sessionId: session_id } = this.#options;
    const isError = subtype !== "success";
    const used = { inputTokens: this.#input - this.#cached, cacheReadInputTokens: this.#cached };
    return {
      type: "result",
      subtype,
      is_error: isError,
      ...(isError ? { errors: [`the fake ended with ${subtype}`] } : { result: this.#text, stop_reason: "end_turn" }),
      num_turns: this.#turns,
      session_id,
      total_cost_usd: this.costUsd,
      usage: {
        input_tokens: this.#input - this.#cached,
        cache_read_input_tokens: this.#cached,
        cache_creation_input_tokens: 0,
        output_tokens: this.#output,
      },
      modelUsage: { [model]: { ...used, outputTokens: this.#output, costUSD: this.costUsd } },
      permission_denials: [],
    };
  }

  #event(event: object): void {
    if (this.#options.isPartial) this.#print({ type: "stream_event", event });
  }

  #print(line: object): void {
    const whole = { ...line, session_id: this.#options.sessionId, parent_tool_use_id: null };
    this.#all.push(whole);
    if ((this.#options.run.output ?? "lines") === "lines") process.stdout.write(`${JSON.stringify(whole)}\n`);
  }
}
