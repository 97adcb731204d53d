import type { Duration } from "../core/durations.ts";
import type { AgentRequest } from "../core/model-call.ts";
import { isTransient, ModelError } from "../core/model-error.ts";
import { shown } from "../core/shown.ts";
import type { Usage } from "../core/usage.ts";
import { readAttempts } from "./attempts.ts";
import { MisuseError } from "./errors.ts";
import { type Guardrails, readGuardrails } from "./guardrails.ts";
import { readModel } from "./models.ts";
import { checkBoolean, checkCount, checkOptions, checkText, isOptions } from "./option-checks.ts";
import type { CheckpointOptions } from "./options.ts";
import { type AgentCall, scopeStorage } from "./runtime.ts";
import { normalizeSchema, type SchemaLike, type SchemaOutput } from "./schema.ts";
import { requireName, requireScope } from "./scope.ts";

export interface AgentOptions<Output extends SchemaLike = SchemaLike> {
  /** Name of the checkpoint. Default "agent". */
  name?: string;
  /** A model as the agent itself names them, "sonnet" for example. Default: the agent's own. */
  model?: string;
  /** Added to the agent's own instructions. */
  systemPrompt?: string;
  /** The only tools that it has. Default: all that it brings. */
  tools?: string[];
  disallowedTools?: string[];
  /** Claude Code's modes: "default", "acceptEdits", "plan", "bypassPermissions" and so on. */
  permissionMode?: string;
  /** Most answers of its model. Default 50. */
  maxTurns?: number;
  /** The folder in which it works, in the project. Default: the project's root. */
  workspace?: string;
  /** Further MCP servers, as in an `mcp.json`. */
  mcpServers?: Record<string, unknown>;
  /** Whether it can start and answer executions, which become children of this one. Default true. */
  savepoint?: boolean;
  /** Names of environment variables that it gets beside those which every program needs. */
  env?: string[];
  /** Environment variables that hold values of secrets: { GITHUB_TOKEN: ["github", "TOKEN"] }. */
  secrets?: Record<string, readonly [name: string, key: string]>;
  /** What its answer must be. Default: text. */
  output?: Output;
  /** Another program than Claude Code, with its arguments: it reads the prompt from its standard input. */
  command?: string[];
  /** As of checkpoints. Default: two further attempts where the model's provider is busy or cannot be reached. */
  retries?: CheckpointOptions["retries"];
  timeout?: Duration;
  guardrails?: Guardrails;
}

export interface AgentResult<Output = unknown> {
  text: string;
  /** With an `output` schema. */
  output: Output;
  turns: number;
  toolCalls: number;
  sessionId: string | null;
  usage: Usage;
}

const usualTurns = 50;
const usualRetries = { max: 2, backoff: 5_000, retryOn: isTransient };

/**
 * Lets a coding agent work: Claude Code, or another program. In the flow it is a checkpoint of its own. When a crash
 * interrupts it, Claude Code goes on in the same session.
 *
 * @example
 * const { text } = await agent("Mend the failing test", { name: "mend", guardrails: { maxCostUsd: 2, maxToolCalls: 100 } });
 * @throws CheckpointFailed in the flow, ModelError inside a checkpoint, when it could not do its work
 */
export async function agent<const Output extends SchemaLike | undefined = undefined>(
  prompt: string,
  options: AgentOptions & { output?: Output } = {} as never,
): Promise<AgentResult<Output extends SchemaLike ? SchemaOutput<Output> : undefined>> {
  const { runtime, checkpoint } = requireScope("agent()");
  const name = options.name === undefined ? "agent" : requireName("agent call", options.name);
  const call = readAgent(`agent ${name}`, prompt, options);
  if (checkpoint !== undefined) {
    return (await runtime.runAgent({ ...call, isWholeCheckpoint: false }, checkpoint)).value as never;
  }
  return runtime.checkpoint({
    name,
    scope: "",
    args: [call.request, call.secrets],
    fn: () => runHere(call),
    options: agentCheckpoint(`agent ${name}`, options),
  }) as never;
}

async function runHere(call: Omit<AgentCall, "isWholeCheckpoint">): Promise<unknown> {
  const scope = scopeStorage.getStore();
  if (scope?.checkpoint === undefined) throw new Error("an agent was run outside a checkpoint");
  return (await scope.runtime.runAgent({ ...call, isWholeCheckpoint: true }, scope.checkpoint)).value;
}

function agentCheckpoint(what: string, { retries = usualRetries, timeout, guardrails }: AgentOptions) {
  const given: CheckpointOptions = {
    type: "agent",
    retries,
    ...(timeout === undefined ? {} : { timeout }),
    ...(guardrails === undefined ? {} : { guardrails }),
  };
  readAttempts(what, given);
  readGuardrails(what, guardrails);
  return given;
}

const optionNames = [
  "name",
  "model",
  "systemPrompt",
  "tools",
  "disallowedTools",
  "permissionMode",
  "maxTurns",
  "workspace",
  "mcpServers",
  "savepoint",
  "env",
  "secrets",
  "output",
  "command",
  "retries",
  "timeout",
  "guardrails",
] as const;

/** @throws MisuseError */
function readAgent(what: string, prompt: string, options: AgentOptions): Omit<AgentCall, "isWholeCheckpoint"> {
  checkOptions<AgentOptions>(what, options, optionNames);
  if (typeof prompt !== "string" || prompt.trim() === "") {
    throw new MisuseError(`${what}: the prompt must be a text that is not empty; it is ${shown(prompt)}`);
  }
  const { model, systemPrompt, permissionMode, workspace, savepoint = true, mcpServers = {}, command } = options;
  checkText(`${what}: systemPrompt`, systemPrompt, 100_000);
  checkText(`${what}: permissionMode`, permissionMode, 100);
  checkText(`${what}: workspace`, workspace, 1_000);
  checkBoolean(`${what}: savepoint`, savepoint);
  if (!isOptions(mcpServers))
    throw new MisuseError(`${what}: mcpServers must be an object; it is ${shown(mcpServers)}`);
  if (command !== undefined && (readTexts(`${what}: command`, command)?.length ?? 0) === 0) {
    throw new MisuseError(`${what}: command must name a program`);
  }
  const maxTurns = options.maxTurns ?? usualTurns;
  checkCount(`${what}: maxTurns`, maxTurns);
  const schema = options.output === undefined ? undefined : normalizeSchema(options.output, `${what}: output`);
  const request: AgentRequest = {
    prompt,
    kind: command === undefined ? "claude" : "command",
    model: model === undefined ? undefined : readModel(`${what}: model`, model),
    systemPrompt,
    tools: readTexts(`${what}: tools`, options.tools),
    disallowedTools: readTexts(`${what}: disallowedTools`, options.disallowedTools) ?? [],
    permissionMode,
    maxTurns,
    workspace,
    mcpServers: { ...mcpServers },
    savepoint,
    env: readTexts(`${what}: env`, options.env) ?? [],
    set: {},
    command,
    outputSchema: schema?.json,
  };
  const parse: AgentCall["parse"] = async ({ text, output, turns, toolCalls, sessionId, usage }) => ({
    text,
    output: schema === undefined ? undefined : await parsed(schema.parse, output),
    turns,
    toolCalls,
    sessionId: sessionId ?? null,
    usage,
  });
  return { request, secrets: readSecrets(what, options.secrets), parse };
}

function readTexts(what: string, texts: unknown): string[] | undefined {
  if (texts === undefined) return undefined;
  if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return [...texts];
  throw new MisuseError(`${what} must be a list of texts; it is ${shown(texts)}`);
}

function readSecrets(what: string, secrets: AgentOptions["secrets"]): AgentCall["secrets"] {
  if (secrets === undefined) return [];
  if (!isOptions(secrets)) throw new MisuseError(`${what}: secrets must be an object; it is ${shown(secrets)}`);
  return Object.entries(secrets).map(([variable, source]) => {
    const [name, key] = Array.isArray(source) ? source : [];
    if (typeof name === "string" && typeof key === "string") return { variable, name, key };
    throw new MisuseError(`${what}: secrets.${variable} must be [name, key] of a secret; it is ${shown(source)}`);
  });
}

async function parsed(parse: (value: unknown) => Promise<unknown>, output: unknown): Promise<unknown> {
  try {
    return await parse(output);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelError("unfit_answer", `the agent's answer does not fit: ${reason}`, {
      isTransient: true,
      cause: error,
    });
  }
}
