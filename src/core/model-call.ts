import type { JsonSchema } from "./json-schema.ts";
import type { Usage } from "./usage.ts";

/** A piece of a message that has more than text. `data`: bytes, or text in base64, or an address. */
export type MessagePart =
  | { type: "text"; text: string }
  | { type: "image"; data: Uint8Array | string; mediaType?: string }
  | { type: "file"; data: Uint8Array | string; mediaType: string; filename?: string };

export interface ModelMessage {
  role: "system" | "user" | "assistant";
  content: string | MessagePart[];
}

/** A question to a model, as plain data: what the journal matches it by. */
export interface ModelRequest {
  /** An alias or `provider:model`; undefined where the call leaves the choice to others. */
  model: string | undefined;
  system: string | undefined;
  messages: ModelMessage[];
  temperature: number | undefined;
  maxTokens: number | undefined;
  /** What the answer must fit; undefined: it is text. */
  outputSchema: JsonSchema | undefined;
  tools: { name: string; description: string | undefined; inputSchema: JsonSchema }[];
  /** At most so many answers of the model, where it calls tools in between. */
  maxTurns: number;
}

export interface ModelAnswer {
  text: string;
  /** What the model answered as JSON; only with an `outputSchema`. It fits that schema. */
  output: unknown;
  finishReason: string;
  usage: Usage;
}

/** A coding agent's task, as plain data: what the journal matches it by. */
export interface AgentRequest {
  prompt: string;
  /** `claude`, or `command` for another program. */
  kind: "claude" | "command";
  model: string | undefined;
  systemPrompt: string | undefined;
  /** Undefined: all that the agent has. */
  tools: string[] | undefined;
  disallowedTools: string[];
  permissionMode: string | undefined;
  maxTurns: number | undefined;
  /** Where it works: a path relative to the project, or absolute within it. */
  workspace: string | undefined;
  /** MCP servers beside Savepoint's own, as in an `mcp.json`. */
  mcpServers: Record<string, unknown>;
  /** Whether it gets Savepoint's own MCP server, so that it can start children. */
  savepoint: boolean;
  /** Names of environment variables that it gets beside those that every program needs. */
  env: string[];
  /** Variables and their values beside those. */
  set: Record<string, string>;
  /** For `command`: the program and its arguments; the prompt goes to its standard input. */
  command: string[] | undefined;
  outputSchema: JsonSchema | undefined;
}

export interface AgentAnswer {
  text: string;
  /** Only with an `outputSchema`; it fits that schema. */
  output: unknown;
  turns: number;
  toolCalls: number;
  sessionId: string | undefined;
  usage: Usage;
}
