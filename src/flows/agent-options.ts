import type { Duration } from "../core/durations.ts";
import type { Guardrails } from "./guardrails.ts";
import type { CheckpointOptions } from "./options.ts";
import type { SchemaLike } from "./schema.ts";

export interface AgentOptions<Output extends SchemaLike = SchemaLike> {
  /** Name of the checkpoint. Default "agent". */
  name?: string;
  /** A model as the agent itself names them, "sonnet" for example. Default: the agent's own. */
  model?: string;
  /** Added to the agent's own instructions. */
  systemPrompt?: string;
  /** The only tools that it has, "Bash(git *)" for commands that begin so. Default: all that it brings. */
  tools?: string[];
  disallowedTools?: string[];
  /** Claude Code's modes: "default", "acceptEdits", "plan", "dontAsk", "auto", "bypassPermissions". */
  permissionMode?: string;
  /** Most answers of its model, 1 or more. Default 50. */
  maxTurns?: number;
  /** The folder in which it works, in the project. Default: the project's root. */
  workspace?: string;
  /** Further MCP servers, as in an `mcp.json`; none can be called "savepoint". */
  mcpServers?: Record<string, unknown>;
  /** Whether it can start and answer executions, which become children of this one. Default true. */
  savepoint?: boolean;
  /** Names of environment variables that it gets beside those which every program needs. */
  env?: string[];
  /** Environment variables that hold values of secrets: { GITHUB_TOKEN: ["github", "TOKEN"] }. */
  secrets?: Record<string, readonly [name: string, key: string]>;
  /** What its answer must be. Default: text. */
  output?: Output;
  /**
   * Another program than Claude Code, with its arguments: it reads the prompt from its standard input. What Claude Code
   * alone understands cannot be given beside it, and of guardrails only `maxTime`.
   */
  command?: string[];
  /** As of checkpoints. Default: two further attempts where the model's provider is busy or cannot be reached. */
  retries?: CheckpointOptions["retries"];
  timeout?: Duration;
  guardrails?: Guardrails;
}
