import type { AgentRequest } from "../../core/model-call.ts";
import { ModelError } from "../../core/model-error.ts";
import { answeringTool, bareName, isAbout, ownServer } from "./tool-names.ts";

interface ToolCall {
  tool: string;
  /** Of `Bash`. */
  command: string | undefined;
}

/** By these a line for the shell does more than its first words say, wherever they stand. */
const beyondOneCommand = /[;&|<>()`$\n\r]/;
const plainWords = "a single command without ; & | < > ( ) ` $ and line breaks";

/**
 * Refuses rules that nobody holds to: in no permission mode does Claude Code keep a tool to what stands in its
 * parentheses, since it allows more by itself. Those of `Bash` we hold to.
 * @throws ModelError
 */
export function refuseUnknownRules({ tools = [] }: Pick<AgentRequest, "tools">): void {
  const rule = tools.find((one) => one.includes("(") && bashPattern(one) === undefined);
  if (rule === undefined) return;
  throw new ModelError("bad_request", `the tool ${rule} would not be kept to what stands in its parentheses`, {
    hint: `Use ${bareName(rule)}; only Bash has such rules: Bash(git *), Bash(npm test).`,
  });
}

/** Whether some calls of `Bash` are the task's and others are not. */
export function hasBashRules({ tools = [] }: Pick<AgentRequest, "tools">): boolean {
  return tools.some((rule) => bashPattern(rule) !== undefined);
}

/** Why a call does not belong to the task, whatever the permission mode says of it; undefined when it does. */
export function refusalOf({ tool, command }: ToolCall, request: AgentRequest): string | undefined {
  const { tools, disallowedTools, savepoint } = request;
  const no = `The tool ${tool} is not among the tools of this task.`;
  if (tool === answeringTool) return undefined;
  if (disallowedTools.some((rule) => !rule.includes("(") && isAbout(rule, tool))) return no;
  if (tools === undefined) return undefined;
  if (savepoint && isAbout(`mcp__${ownServer}`, tool)) return undefined;
  const rules = tools.filter((rule) => isAbout(rule, tool));
  if (rules.length === 0) return no;
  const patterns = rules.map(bashPattern);
  if (patterns.some((pattern) => pattern === undefined || fits(pattern, command?.trim()))) return undefined;
  return `Bash may run what fits ${rules.join(" or ")} here, ${plainWords}.`;
}

/** What stands in the parentheses of `Bash(…)`; undefined for whatever else. */
function bashPattern(rule: string): string | undefined {
  return /^Bash\((.+)\)$/s.exec(rule.trim())?.[1]?.trim();
}

/** `git:*` is `git` with or without more words, `git * main` has anything in between, others are whole commands. */
function fits(pattern: string, command = ""): boolean {
  if (command === pattern || pattern === "*") return true;
  if (beyondOneCommand.test(command)) return false;
  if (pattern.endsWith(":*")) {
    const words = pattern.slice(0, -2);
    return command === words || command.startsWith(`${words} `);
  }
  const wanted = pattern.split("*").map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return wanted.length > 1 && new RegExp(`^${wanted.join(".*")}$`, "s").test(command);
}
