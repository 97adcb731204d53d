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

/** Whether a rule of `tools` or a name in it is about this tool: `mcp__server` is about all of the server. */
export function isAbout(rule: string, name: string): boolean {
  const tool = bareName(rule);
  if (!isMcpTool(tool)) return tool === name;
  const server = tool.replace(/__\*$/, "");
  return tool === name || (server.split("__").length === 2 && name.startsWith(`${server}__`));
}
