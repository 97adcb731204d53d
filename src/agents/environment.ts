import type { AgentRequest } from "../core/model-call.ts";
import type { Workplace } from "../core/workplace.ts";
import { programEnvironment } from "../processes/environment.ts";

export interface EnvironmentOptions {
  env: NodeJS.ProcessEnv;
  projectRoot: string;
  request: AgentRequest;
  workplace: Pick<Workplace, "executionId" | "ordinal">;
}

/** What Claude Code is configured by, its keys included. */
const claudeNames = new Set(["CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_GIT_BASH_PATH"]);
const claudePrefix = /^(ANTHROPIC|DISABLE|CLAUDE_CODE_(DISABLE|MAX|USE|SKIP))_/;
/** Keys of a cloud go along only where its models are to be used. */
const clouds = [
  { variable: "CLAUDE_CODE_USE_BEDROCK", prefix: /^AWS_/ },
  { variable: "CLAUDE_CODE_USE_VERTEX", prefix: /^(GOOGLE|GCLOUD|VERTEX|CLOUD_ML)_/ },
  { variable: "CLAUDE_CODE_USE_FOUNDRY", prefix: /^AZURE_/ },
] as const;

/** With these a Claude Code takes itself for a part of another one, and refuses to start. */
const ofAnotherSession =
  /^(CLAUDECODE.*|CLAUDE_PID|CLAUDE_CODE_(ENTRYPOINT|SSE_PORT|SESSION_.*|CHILD_.*|MESSAGING_.*))$/;

/** The environment of an agent: an allow-list, what its request names and sets, and whose child it is. */
export function agentEnvironment({ env, projectRoot, request, workplace }: EnvironmentOptions): NodeJS.ProcessEnv {
  const named = new Set(request.env);
  const isClaude = request.kind === "claude";
  const kept = Object.entries(env).filter(([name]) => named.has(name) || (isClaude && isForClaude(name, env)));
  const given = { ...programEnvironment(env), ...Object.fromEntries(kept), ...request.set };
  const clean = Object.entries(given).filter(
    ([name]) => name !== "SAVEPOINT_MASTER_KEY" && !(isClaude && ofAnotherSession.test(name)),
  );
  const home = env["SAVEPOINT_CONFIG_HOME"];
  return {
    ...Object.fromEntries(clean),
    ...(isClaude && request.permissionMode === "bypassPermissions" && isRoot() ? { IS_SANDBOX: "1" } : {}),
    ...(home === undefined ? {} : { SAVEPOINT_CONFIG_HOME: home }),
    SAVEPOINT_PROJECT: projectRoot,
    SAVEPOINT_PARENT_EXECUTION_ID: workplace.executionId,
    SAVEPOINT_PARENT_CHECKPOINT: String(workplace.ordinal),
  };
}

function isForClaude(name: string, env: NodeJS.ProcessEnv): boolean {
  if (claudeNames.has(name) || claudePrefix.test(name)) return true;
  return clouds.some(({ variable, prefix }) => Boolean(env[variable]) && prefix.test(name));
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
