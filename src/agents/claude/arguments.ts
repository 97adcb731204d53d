import type { AgentRequest } from "../../core/model-call.ts";
import { ModelError } from "../../core/model-error.ts";
import type { Room } from "../../core/workplace.ts";
import type { ClaudeFiles } from "./files.ts";
import type { Session } from "./session.ts";
import { bareName, isMcpTool, ownServer } from "./tool-names.ts";

interface ArgumentsSource {
  request: AgentRequest;
  session: Session;
  files: ClaudeFiles;
  /** What is left of the guardrails: Claude Code ends by itself where that is little. */
  room: Room;
}

/** An argument may have 128 KiB; of the command line of Windows all of them together have 32 KiB. */
const longestSchema = process.platform === "win32" ? 24 * 1024 : 120 * 1024;

/** Tools that change nothing and yet need permission. To what MCP servers do the mode `plan` sees by itself. */
const looking = new Set(["WebFetch", "WebSearch"]);

/** The command line of Claude Code. Nothing secret and nothing long stands in it: everybody can read it. */
export function claudeArguments({ request, session, files, room }: ArgumentsSource): string[] {
  const { model, permissionMode, disallowedTools } = request;
  const turns = Math.min(request.maxTurns ?? Number.POSITIVE_INFINITY, room.turns);
  const allowed = allowedTools(request);
  return [
    ...["-p", "--output-format", "stream-json", "--verbose", "--include-partial-messages"],
    ...(session.isResumed ? ["--resume", session.id] : ["--session-id", session.id]),
    ...option("--model", model),
    ...option("--max-turns", Number.isFinite(turns) ? String(turns) : undefined),
    ...option("--max-budget-usd", Number.isFinite(room.costUsd) ? String(room.costUsd) : undefined),
    ...option("--permission-mode", permissionMode),
    ...option("--tools", request.tools === undefined ? undefined : builtInTools(request.tools)),
    ...option("--allowedTools", allowed.length === 0 ? undefined : allowed.join(",")),
    ...option("--disallowedTools", disallowedTools.length === 0 ? undefined : disallowedTools.join(",")),
    ...["--mcp-config", files.mcpConfig, "--strict-mcp-config", "--settings", files.settings],
    ...option("--append-system-prompt-file", files.systemPrompt),
    ...option("--json-schema", schemaOf(request)),
  ];
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

/** Only these exist for it; an empty list leaves none. */
function builtInTools(tools: string[]): string {
  return [...new Set(tools.map(bareName).filter((name) => !isMcpTool(name)))].join(",");
}

/** What needs no permission: nobody is there to give it. In the mode `plan` that would undo what the mode forbids. */
function allowedTools({ tools, mcpServers, savepoint, permissionMode }: AgentRequest): string[] {
  const named = tools ?? Object.keys(mcpServers).map((server) => `mcp__${server}`);
  const allowed = permissionMode === "plan" ? named.filter((name) => isMcpTool(name) || looking.has(name)) : named;
  return savepoint ? [...allowed, `mcp__${ownServer}`] : allowed;
}

function schemaOf({ outputSchema }: AgentRequest): string | undefined {
  if (outputSchema === undefined) return undefined;
  const schema = JSON.stringify(outputSchema);
  const bytes = Buffer.byteLength(schema);
  if (bytes <= longestSchema) return schema;
  throw new ModelError("bad_request", `the schema of the answer has ${bytes} bytes (${longestSchema} at most)`, {
    hint: "Ask for less in one answer, or shorten the descriptions in the schema.",
  });
}
