import { ModelError } from "../../core/model-error.ts";
import { type FoundProgram, findProgram } from "../../processes/find-program.ts";
import { agentEnvironment } from "../environment.ts";
import type { AgentKind, AgentOutcome, AgentTask } from "../kind.ts";
import { runAgentProgram } from "../program-run.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../temporary-folder.ts";
import { claudeArguments } from "./arguments.ts";
import { type ConversationEnd, conclude, isUnknownSession } from "./conclusion.ts";
import { Conversation } from "./conversation.ts";
import { writeFiles } from "./files.ts";
import { beginSession, continuation, resumeSession, type Session } from "./session.ts";
import { openToolGate, type ToolGate } from "./tool-gate.ts";
import { refusalOf, refuseUnknownRules } from "./tool-rules.ts";

interface ClaudeOptions {
  env: NodeJS.ProcessEnv;
  projectRoot: string;
  serverProgram: { command: string; args: readonly string[] };
}

/** Claude Code, without a person: it reads the prompt and says line by line what it does. */
export function claudeCode(options: ClaudeOptions): AgentKind {
  return { provider: "claude-code", run: (task) => run(options, task) };
}

async function run(options: ClaudeOptions, task: AgentTask): Promise<AgentOutcome> {
  const program = programOf(options);
  refuseUnknownRules(task.request);
  const resumed = await resumeSession(task.workplace);
  if (resumed === undefined) return attempt(options, task, { program, session: await beginSession(task.workplace) });
  try {
    return await attempt(options, task, { program, session: resumed });
  } catch (error) {
    if (!isUnknownSession(error)) throw error;
    // The crash came before Claude Code had written anything of it down.
    return attempt(options, task, { program, session: await beginSession(task.workplace) });
  }
}

function programOf({ env, projectRoot }: ClaudeOptions): FoundProgram {
  const named = env["SAVEPOINT_CLAUDE"] || undefined;
  const found = findProgram(named ?? "claude", { cwd: projectRoot, env });
  if (found !== undefined) return found;
  const what = named === undefined ? "there is no `claude` on the PATH" : `SAVEPOINT_CLAUDE names no program: ${named}`;
  throw new ModelError("agent_not_found", `Claude Code cannot be found: ${what}`, {
    hint: "Install it with `npm install -g @anthropic-ai/claude-code`, or set SAVEPOINT_CLAUDE to its path.",
  });
}

async function attempt(
  options: ClaudeOptions,
  task: AgentTask,
  { program, session }: { program: FoundProgram; session: Session },
): Promise<AgentOutcome> {
  const { request, workplace, spending } = task;
  const stop = new AbortController();
  makeTemporaryFolder(session.folder);
  try {
    const gate = await openToolGate(session.folder, {
      workplace,
      spending,
      turn: () => conversation.turns,
      refusal: (call) => refusalOf(call, request),
      stop: (error) => stop.abort(error),
    });
    const conversation = new Conversation({ workplace, spending, gate, request });
    const end = await converse(options, task, { program, session, gate, conversation, stop: stop.signal });
    return await conclude({ task, session, end, conversation });
  } finally {
    removeTemporaryFolder(session.folder);
    await spending.close();
  }
}

interface Prepared {
  program: FoundProgram;
  session: Session;
  gate: ToolGate;
  conversation: Conversation;
  stop: AbortSignal;
}

async function converse(options: ClaudeOptions, task: AgentTask, prepared: Prepared): Promise<ConversationEnd> {
  const { env, projectRoot } = options;
  const { request, workplace, cwd } = task;
  const { program, session, gate, conversation, stop } = prepared;
  const room = workplace.budget.room();
  const tidy = () => {
    gate.close();
    removeTemporaryFolder(session.folder);
  };
  try {
    const files = writeFiles(session.folder, { ...options, request, workplace, gatePath: gate.path });
    const args = [...program.args, ...claudeArguments({ request, session, files, room })];
    tellStart(task, session);
    const input = session.isResumed ? continuation : request.prompt;
    const environment = agentEnvironment({ env, projectRoot, request, workplace });
    const end = await runAgentProgram(
      { command: program.command, args, cwd, env: environment, input },
      {
        workplace,
        signal: AbortSignal.any([workplace.signal, stop]),
        onLine: (line) => conversation.take(line),
        onGone: tidy,
      },
    );
    return { ...end, room };
  } finally {
    tidy();
  }
}

function tellStart({ request, workplace }: AgentTask, { id, isResumed }: Session): void {
  const model = request.model === undefined ? {} : { model: request.model };
  workplace.event(isResumed ? "agent_resumed" : "agent_started", { agent: "claude", session_id: id, ...model });
  workplace.describe({ agent: "claude", session_id: id });
}
