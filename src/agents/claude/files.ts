import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentRequest } from "../../core/model-call.ts";
import type { Workplace } from "../../core/workplace.ts";
import { ownServer } from "./tool-names.ts";

export interface ClaudeFiles {
  settings: string;
  mcpConfig: string;
  systemPrompt: string | undefined;
}

interface FilesSource {
  request: AgentRequest;
  workplace: Workplace;
  gatePath: string;
  projectRoot: string;
  serverProgram: { command: string; args: readonly string[] };
  env: NodeJS.ProcessEnv;
}

/** Past this a hook counts for Claude Code as one that has no objection; the hook itself gives up before. */
const hookTimeoutSeconds = 7_200;
const hook = fileURLToPath(new URL(`../hook${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url));

/** Writes what Claude Code reads at its start into a folder that only this user can look into. */
export function writeFiles(folder: string, source: FilesSource): ClaudeFiles {
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const { systemPrompt } = source.request;
  return {
    settings: write("settings.json", JSON.stringify(settings(source.gatePath))),
    mcpConfig: write("mcp.json", JSON.stringify({ mcpServers: mcpServers(source) })),
    systemPrompt: systemPrompt === undefined ? undefined : write("system-prompt.txt", systemPrompt),
  };
}

/** Every tool call asks us first. A hook that cannot run must not count as one that has no objection: exit code 2. */
function settings(gatePath: string) {
  const command = `${[process.execPath, hook, gatePath].map(quoted).join(" ")} || exit 2`;
  const asking = { type: "command", command, timeout: hookTimeoutSeconds };
  return { disableAllHooks: false, hooks: { PreToolUse: [{ matcher: "*", hooks: [asking] }] } };
}

function quoted(text: string): string {
  return process.platform === "win32" ? `"${text}"` : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What its server starts becomes a child of the checkpoint. */
function mcpServers({ request, workplace, projectRoot, serverProgram, env }: FilesSource): Record<string, unknown> {
  if (!request.savepoint) return request.mcpServers;
  const home = env["SAVEPOINT_CONFIG_HOME"];
  const own = {
    command: serverProgram.command,
    args: serverProgram.args,
    env: {
      SAVEPOINT_PROJECT: projectRoot,
      SAVEPOINT_PARENT_EXECUTION_ID: workplace.executionId,
      SAVEPOINT_PARENT_CHECKPOINT: String(workplace.ordinal),
      ...(home === undefined ? {} : { SAVEPOINT_CONFIG_HOME: home }),
    },
  };
  return { ...request.mcpServers, [ownServer]: own };
}
