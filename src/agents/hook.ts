import { connect } from "node:net";
import { text } from "node:stream/consumers";

/**
 * Claude Code runs this before each tool call. It asks the run that started the agent whether the call is granted, and
 * refuses it where nobody answers: exit code 2. It says nothing of a granted call, so that permissions are as they were.
 */
const giveUpMs = 3_600_000;
const [, , path = ""] = process.argv;

try {
  refuse(await ask(await text(process.stdin)));
} catch (error) {
  process.stderr.write(`Savepoint cannot be asked whether this tool may be called (${String(error)}); it may not.\n`);
  process.exitCode = 2;
}

/** The reason why the call is refused; undefined when it is granted. */
async function ask(input: string): Promise<string | undefined> {
  const { tool_name, tool_use_id, tool_input } = JSON.parse(input);
  const socket = connect(path);
  socket.setTimeout(giveUpMs, () => socket.destroy(new Error("no answer within an hour")));
  // Rules look at commands; what else goes into a tool may be long, and is nobody's business here.
  const { command } = tool_name === "Bash" ? tool_input : {};
  socket.write(`${JSON.stringify({ tool_name, tool_use_id, command })}\n`);
  const answer = JSON.parse(await text(socket));
  return answer.allow === true ? undefined : String(answer.reason);
}

function refuse(reason: string | undefined): void {
  if (reason === undefined) return;
  const decision = { hookEventName: "PreToolUse", permissionDecision: "deny", permissionDecisionReason: reason };
  process.stdout.write(JSON.stringify({ hookSpecificOutput: decision }));
}
