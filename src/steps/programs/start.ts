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

/** The program that a command starts. @throws StepFailed `command_not_found` */
export function programOf(command: Command): ProgramStart {
  const env = environmentOf(command);
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
