import { isTransient } from "../core/model-error.ts";
import type { Usage } from "../core/usage.ts";
import type { AgentOptions } from "./agent-options.ts";
import { readAgent } from "./agent-request.ts";
import { readAttempts } from "./attempts.ts";
import { MisuseError } from "./errors.ts";
import { readGuardrails } from "./guardrails.ts";
import type { CheckpointOptions } from "./options.ts";
import { type AgentCall, scopeStorage } from "./runtime.ts";
import type { SchemaLike, SchemaOutput } from "./schema.ts";
import { requireName, requireScope } from "./scope.ts";

export type { AgentOptions };

export interface AgentResult<Output = unknown> {
  text: string;
  /** With an `output` schema. */
  output: Output;
  turns: number;
  toolCalls: number;
  sessionId: string | null;
  usage: Usage;
}

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
  const { runtime, checkpoint, path } = requireScope("agent()");
  const name = options.name === undefined ? "agent" : requireName("agent call", options.name);
  const call = readAgent(`agent ${name}`, prompt, options);
  if (checkpoint !== undefined) {
    refuseInside(`agent ${name}`, options);
    return (await runtime.runAgent({ ...call, isWholeCheckpoint: false }, checkpoint)).value as never;
  }
  return runtime.checkpoint({
    name,
    scope: path,
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

/** @throws MisuseError */
function refuseInside(what: string, options: AgentOptions): void {
  const given = (["retries", "timeout", "guardrails"] as const).find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new MisuseError(`${what}: inside a checkpoint it has no ${given} of its own; give them to the checkpoint`);
}
