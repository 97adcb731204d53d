import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

interface Settings {
  hooks?: { PreToolUse?: { hooks: { command: string }[] }[] };
}

/**
 * Asks the PreToolUse hooks of a settings file. As with the real one, exit code 2 refuses, and any other failure of a
 * hook does not.
 * @returns why the call is refused; null when it is not
 */
export async function askHooks(path: string | undefined, call: Record<string, unknown>): Promise<string | null> {
  if (path === undefined) return null;
  const { hooks = {} }: Settings = JSON.parse(readFileSync(path, "utf8"));
  const commands = (hooks.PreToolUse ?? []).flatMap((group) => group.hooks.map(({ command }) => command));
  const answers = await Promise.all(commands.map((command) => ask(command, call)));
  return answers.find((answer) => answer !== null) ?? null;
}

async function ask(command: string, call: Record<string, unknown>): Promise<string | null> {
  const hook = spawn(command, { shell: true, stdio: ["pipe", "pipe", "pipe"] });
  hook.stdin.on("error", () => {});
  hook.stdin.end(JSON.stringify({ hook_event_name: "PreToolUse", ...call }));
  const code = new Promise<number | null>((resolve) => hook.once("close", resolve));
  const [said, complained] = await Promise.all([text(hook.stdout), text(hook.stderr)]);
  if ((await code) === 2) return complained.trim();
  return refusalIn(said);
}

function refusalIn(said: string): string | null {
  if (said.trim() === "") return null;
  const { permissionDecision, permissionDecisionReason } = JSON.parse(said).hookSpecificOutput ?? {};
  return permissionDecision === "deny" ? String(permissionDecisionReason) : null;
}
