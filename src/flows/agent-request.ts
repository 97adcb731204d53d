import type { AgentRequest } from "../core/model-call.ts";
import { ModelError } from "../core/model-error.ts";
import { shown } from "../core/shown.ts";
import { didYouMean } from "../core/suggest.ts";
import type { AgentOptions } from "./agent-options.ts";
import { readSecretVariables, readVariables } from "./agent-variables.ts";
import { MisuseError } from "./errors.ts";
import type { Guardrails } from "./guardrails.ts";
import { readModel } from "./models.ts";
import { checkBoolean, checkCount, checkOptions, checkText, isOptions } from "./option-checks.ts";
import type { AgentCall } from "./runtime.ts";
import { normalizeSchema } from "./schema.ts";

const usualTurns = 50;
/** "manual" is what later versions of Claude Code call the default. */
const permissionModes = ["default", "acceptEdits", "plan", "dontAsk", "auto", "bypassPermissions", "manual"];
const ownServer = "savepoint";

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

/** What of the options is told to Claude Code, and to no other program. */
const claudeOptions = [
  "model",
  "tools",
  "disallowedTools",
  "permissionMode",
  "maxTurns",
  "mcpServers",
  "savepoint",
] as const;
/** Nobody tells what another program uses of models. */
const uncounted = ["maxRequests", "maxTokens", "maxToolCalls", "maxTurns", "maxCostUsd"] as const;

/** @throws MisuseError */
export function readAgent(what: string, prompt: string, options: AgentOptions): Omit<AgentCall, "isWholeCheckpoint"> {
  checkOptions<AgentOptions>(what, options, optionNames);
  if (typeof prompt !== "string" || prompt.trim() === "") {
    throw new MisuseError(`${what}: the prompt must be a text that is not empty; it is ${shown(prompt)}`);
  }
  const { model, systemPrompt, permissionMode, workspace, savepoint = true } = options;
  checkText(`${what}: systemPrompt`, systemPrompt, 100_000);
  checkText(`${what}: workspace`, workspace, 1_000);
  checkBoolean(`${what}: savepoint`, savepoint);
  const command = readCommand(what, options);
  checkPermissionMode(what, permissionMode);
  const schema = options.output === undefined ? undefined : normalizeSchema(options.output, `${what}: output`);
  const request: AgentRequest = {
    prompt,
    kind: command === undefined ? "claude" : "command",
    model: model === undefined ? undefined : readModel(`${what}: model`, model),
    systemPrompt,
    tools: readTexts(`${what}: tools`, options.tools),
    disallowedTools: readTexts(`${what}: disallowedTools`, options.disallowedTools) ?? [],
    permissionMode,
    maxTurns: command === undefined ? readTurns(what, options.maxTurns) : undefined,
    workspace,
    mcpServers: readServers(what, options.mcpServers),
    savepoint,
    env: readVariables(`${what}: env`, readTexts(`${what}: env`, options.env)),
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
  return { request, secrets: readSecretVariables(what, options.secrets), parse };
}

function readCommand(what: string, options: AgentOptions): string[] | undefined {
  const command = readTexts(`${what}: command`, options.command);
  if (command === undefined) return undefined;
  if (command.length === 0) throw new MisuseError(`${what}: command must name a program`);
  const useless = claudeOptions.filter((name) => options[name] !== undefined);
  if (useless.length > 0) {
    throw new MisuseError(
      `${what}: ${useless.join(", ")} would change nothing beside command: only Claude Code understands that. Leave it out, or tell the program in its own arguments`,
    );
  }
  const { guardrails } = options;
  if (guardrails !== undefined && isOptions(guardrails)) refuseUncounted(what, guardrails);
  return command;
}

function refuseUncounted(what: string, guardrails: Guardrails): void {
  const useless = uncounted.filter((name) => guardrails[name] !== undefined);
  if (useless.length === 0) return;
  throw new MisuseError(
    `${what}: guardrails.${useless.join(", guardrails.")} cannot hold beside command: nobody tells what the program uses. Limit it by maxTime, or by timeout`,
  );
}

function checkPermissionMode(what: string, mode: unknown): void {
  checkText(`${what}: permissionMode`, mode, 100);
  if (typeof mode !== "string" || permissionModes.includes(mode)) return;
  const instead = didYouMean(mode, permissionModes) ?? `There are ${permissionModes.join(", ")}.`;
  throw new MisuseError(`${what}: permissionMode ${shown(mode)} is unknown to Claude Code. ${instead}`);
}

/** Claude Code takes 0 for no limit at all. */
function readTurns(what: string, turns = usualTurns): number {
  checkCount(`${what}: maxTurns`, turns);
  if (turns >= 1) return turns;
  throw new MisuseError(`${what}: maxTurns must be 1 or more; it is ${turns}`);
}

/** What is no server Claude Code drops without a word. */
function readServers(what: string, servers: unknown = {}): Record<string, unknown> {
  if (!isOptions(servers)) throw new MisuseError(`${what}: mcpServers must be an object; it is ${shown(servers)}`);
  for (const [name, server] of Object.entries(servers)) {
    if (name === ownServer) {
      throw new MisuseError(`${what}: mcpServers.${name} is the name of Savepoint's own server; choose another`);
    }
    const { command, url }: { command?: unknown; url?: unknown } = isOptions(server) ? server : {};
    if (isFilled(command) || isFilled(url)) continue;
    throw new MisuseError(`${what}: mcpServers.${name} must have a command or a url; it is ${shown(server)}`);
  }
  return { ...servers };
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function readTexts(what: string, texts: unknown): string[] | undefined {
  if (texts === undefined) return undefined;
  if (Array.isArray(texts) && texts.every((text) => typeof text === "string")) return [...texts];
  throw new MisuseError(`${what} must be a list of texts; it is ${shown(texts)}`);
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
