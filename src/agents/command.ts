import { compileJsonSchema, type JsonSchema } from "../core/json-schema.ts";
import { ModelError } from "../core/model-error.ts";
import { noUsage } from "../core/usage.ts";
import { findProgram } from "../processes/find-program.ts";
import { agentEnvironment } from "./environment.ts";
import { lastLine } from "./failures.ts";
import type { AgentKind, AgentOutcome, AgentTask } from "./kind.ts";
import { type AgentProgram, runAgentProgram } from "./program-run.ts";

const mostOutput = 64 * 1024 * 1024;

/** Any program: the prompt goes to its standard input, what it writes to its standard output is the answer. */
export function command({ env, projectRoot }: { env: NodeJS.ProcessEnv; projectRoot: string }): AgentKind {
  return {
    provider: "command",
    async run(task) {
      const { workplace, request } = task;
      const program = programOf(task, agentEnvironment({ env, projectRoot, request, workplace }));
      const [name] = request.command ?? [];
      workplace.event("agent_started", { agent: "command", command: name ?? "" });
      workplace.describe({ agent: "command" });
      const text = await answerOf(program, task);
      return outcome(text, request.outputSchema);
    },
  };
}

function programOf({ request, cwd }: AgentTask, env: NodeJS.ProcessEnv): AgentProgram {
  const [name, ...args] = request.command ?? [];
  if (name === undefined) {
    throw new ModelError("bad_request", "an agent of the kind `command` needs a command", {
      hint: 'Give it as a list, for example command: ["my-agent", "--quiet"]; the prompt goes to its standard input.',
    });
  }
  const found = findProgram(name, { cwd, env });
  if (found === undefined) {
    throw new ModelError("agent_not_found", `there is no program ${JSON.stringify(name)}`, {
      hint: "Install it so that it is on the PATH, or give its path, relative to the workspace or absolute.",
    });
  }
  const { systemPrompt, prompt } = request;
  const input = systemPrompt === undefined ? prompt : `${systemPrompt}\n\n${prompt}`;
  return { command: found.command, args: [...found.args, ...args], cwd, env, input };
}

async function answerOf(program: AgentProgram, { workplace }: AgentTask): Promise<string> {
  const lines: string[] = [];
  let length = 0;
  const { exitCode, signal, lastWords } = await runAgentProgram(program, {
    workplace,
    signal: workplace.signal,
    async onLine(line) {
      length += line.length + 1;
      if (length > mostOutput) {
        throw new ModelError("output_too_large", `the agent wrote more than ${mostOutput} characters`);
      }
      lines.push(line);
    },
  });
  if (exitCode === 0) return lines.join("\n").trimEnd();
  const how = exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`;
  throw new ModelError("agent_failed", `the agent ${how}${lastLine(lastWords)}`);
}

function outcome(text: string, schema: JsonSchema | undefined): AgentOutcome {
  const output = schema === undefined ? undefined : outputOf(text, schema);
  const usage = { ...noUsage, costUsd: null };
  return { text, output, sessionId: undefined, finishReason: null, usage, isMeasured: false, firstAnswerMs: null };
}

function outputOf(text: string, schema: JsonSchema): unknown {
  const problems = ["it is not JSON"];
  try {
    const value: unknown = JSON.parse(text);
    problems.splice(0, 1, ...compileJsonSchema(schema)(value));
    if (problems.length === 0) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ModelError("unfit_answer", `what the agent answered does not fit its schema: ${problems.join("; ")}`);
}
