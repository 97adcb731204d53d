import type { AgentRequest } from "../../core/model-call.ts";

/** By calling it Claude Code gives an answer that fits a schema; it is no tool of the task. */
export const answeringTool = "StructuredOutput";
/** The name under which it knows Savepoint's own MCP server. */
export const ownServer = "savepoint";

/** Whether it is a tool of an MCP server: `mcp__server`, `mcp__server__tool` or `mcp__server__*`. */
export function isMcpTool(name: string): boolean {
  return name.startsWith("mcp__");
}

/** `Bash(git *)` is about the tool `Bash`. */
export function bareName(rule: string): string {
  return rule.replace(/\(.*$/s, "").trim();
}

/** Whether the request lets the agent call a tool at all, whatever the permission mode says of it. */
export function isAllowed(name: string, { tools, disallowedTools, savepoint }: AgentRequest): boolean {
  if (name === answeringTool) return true;
  if (disallowedTools.some((rule) => !rule.includes("(") && fits(rule, name))) return false;
  if (tools === undefined) return true;
  if (savepoint && fits(`mcp__${ownServer}`, name)) return true;
  return tools.some((rule) => fits(bareName(rule), name));
}

function fits(rule: string, name: string): boolean {
  if (!isMcpTool(rule)) return rule === name;
  const server = rule.replace(/__\*$/, "");
  return rule === name || (server.split("__").length === 2 && name.startsWith(`${server}__`));
}
