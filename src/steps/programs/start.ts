import { shellWord } from "../../core/shell-word.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { checkpointContext } from "../../flows/checkpoint.ts";
import { StepFailed } from "../../flows/errors.ts";
import { executionId } from "../../flows/values.ts";
import { programEnvironment } from "../../processes/environment.ts";
import { findProgram } from "../../processes/find-program.ts";
import type { ProgramStart } from "../../processes/run-program.ts";
import type { StepPorts } from "../ports.ts";

interface Command {
  step: Pick<Step, "id">;
  ports: Pick<StepPorts, "env" | "projectRoot">;
  /** A text is for a shell; a list is a program and its arguments. */
  command: string | readonly string[];
  cwd: string;
  /** What the step sets, secrets filled in. */
  env: Record<string, string>;
}

/** What Linux takes of one argument or variable, with the zero byte at its end. */
const mostBytes = 128 * 1024;

/** The program that a command starts. @throws StepFailed `command_not_found`, or `cannot_start` with the field */
export function programOf(command: Command): ProgramStart {
  const env = environmentOf(command);
  checkTexts(command);
  const { cwd } = command;
  if (typeof command.command === "string") return { ...shell(command.command, env), cwd, env, input: "" };
  const [name = "", ...args] = command.command;
  const found = findProgram(name, { cwd, env });
  if (found === undefined) {
    throw new StepFailed(command.step.id, `there is no program ${JSON.stringify(name)}`, {
      code: "command_not_found",
      hint: "Install it so that it is on the PATH, or give its path, relative to cwd; a text with spaces is a command for a shell, so write it without a list.",
    });
  }
  return { command: found.command, args: [...found.args, ...args], cwd, env, input: "" };
}

/** What a system says of such a text names neither the field nor what to do. */
function checkTexts({ step, command, env }: Command): void {
  const texts = typeof command === "string" ? [["command", command] as const] : command.map(argument);
  const variables = Object.entries(env).map(([name, value]) => [`env.${name}`, `${name}=${value}`] as const);
  for (const [field, text] of [...texts, ...variables]) {
    if (text.includes("\0")) {
      throw new StepFailed(step.id, `${field} holds a NUL character`, {
        code: "cannot_start",
        hint: "No program can be given one: hand such data over in a file.",
      });
    }
    if (process.platform === "linux" && Buffer.byteLength(text) >= mostBytes) {
      throw new StepFailed(step.id, `${field} is longer than a program takes (128 KiB)`, {
        code: "cannot_start",
        hint: "Hand it over in a file: a write_file step before this one writes it.",
      });
    }
  }
}

function argument(text: string, index: number): readonly [string, string] {
  return [`command[${index}]`, text];
}

/** As a person would type it. */
export function shownCommand(command: string | readonly string[]): string {
  return typeof command === "string" ? command : command.map(shellWord).join(" ");
}

function shell(
  command: string,
  env: NodeJS.ProcessEnv,
): Pick<ProgramStart, "command" | "args"> & { isVerbatim?: boolean } {
  if (process.platform !== "win32") return { command: "/bin/sh", args: ["-c", command] };
  return { command: env["COMSPEC"] ?? "cmd.exe", args: ["/d", "/s", "/c", `"${command}"`], isVerbatim: true };
}

/** An allow-list, what the step sets, and whose work it is. */
function environmentOf({ step, ports, env }: Command): NodeJS.ProcessEnv {
  const { idempotencyKey } = checkpointContext();
  const id = executionId();
  const { SAVEPOINT_CONFIG_HOME: home } = ports.env;
  return {
    ...programEnvironment(ports.env),
    ...env,
    ...(home === undefined ? {} : { SAVEPOINT_CONFIG_HOME: home }),
    SAVEPOINT_PROJECT: ports.projectRoot,
    SAVEPOINT_PARENT_EXECUTION_ID: id,
    // With any value it marks what works for an execution, so that what a crash leaves behind is found.
    SAVEPOINT_PARENT_CHECKPOINT: "0",
    SAVEPOINT_EXECUTION_ID: id,
    SAVEPOINT_STEP: step.id,
    SAVEPOINT_IDEMPOTENCY_KEY: idempotencyKey,
  };
}
