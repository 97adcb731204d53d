import type { Step } from "../../definitions/model/steps.ts";
import { type AgentResult, agent } from "../../flows/agent.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";

type AgentStep = Extract<Step, { type: "agent" }>;

/** Lets a coding agent work. */
export async function agentStep(run: StepRun<AgentStep>): Promise<StepOutcome> {
  const { step, attempts, settings, ports } = run;
  const workspace = step.workspace === undefined ? settings.workspace : run.text(step.workspace);
  const servers = step.mcp_servers === undefined ? undefined : ports.agentServers(step.mcp_servers);
  const answer: unknown = await agent(run.text(step.prompt), {
    name: step.id,
    maxTurns: step.max_turns,
    ...(step.model !== undefined && { model: run.text(step.model) }),
    ...(step.allowed_tools !== undefined && { tools: step.allowed_tools }),
    ...(step.permission_mode !== undefined && { permissionMode: step.permission_mode }),
    ...(servers !== undefined && { mcpServers: servers.servers, env: servers.variables }),
    ...(workspace !== null && { workspace }),
    ...attempts,
  });
  return { output: outputOf(answer) };
}

/** What a replay was told to take has the form of the step's output, and not that of an agent's answer. */
function outputOf(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null || !("text" in answer)) return answer;
  const { text, turns, toolCalls, sessionId } = answer as AgentResult;
  return { result: text, turns, tool_calls: toolCalls, session_id: sessionId };
}
