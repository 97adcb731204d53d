import type { Step } from "../../definitions/model/steps.ts";
import { save } from "../../flows/artifacts.ts";
import { StepFailed } from "../../flows/errors.ts";
import { requireScope } from "../../flows/scope.ts";
import { type ProgramStart, runProgram } from "../../processes/run-program.ts";
import { KeptOutput } from "../programs/kept-output.ts";
import { LoggedOutput, type OutputStream } from "../programs/logged-output.ts";
import { lastWords, type ProgramReport, reportText } from "../programs/report.ts";
import { programOf, shownCommand } from "../programs/start.ts";
import { inTurn } from "../programs/turns.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { folderIn, workspaceOf } from "../workspace.ts";

type ShellStep = Extract<Step, { type: "shell" }>;

/** Of each stream, in the step's output. */
const mostOutputBytes = 1024 * 1024;
/** And in its artifact. */
const mostReportBytes = 8 * 1024 * 1024;

interface Prepared {
  command: string | string[];
  cwd: string;
  artifact: string | undefined;
}

/** Runs a command in the workspace, in a process group of which nothing is left when the step has ended. */
export async function shellStep(run: StepRun<ShellStep>): Promise<StepOutcome> {
  const { step } = run;
  const command =
    typeof step.command === "string" ? run.text(step.command) : step.command.map((part) => run.text(part));
  const cwd = step.cwd === undefined ? "." : run.text(step.cwd);
  const env = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, run.text(value)]));
  const output = await run.checkpoint([{ command, cwd, env }], () =>
    runCommand(run, { command, cwd, artifact: artifactOf(run) }),
  );
  return { output, hasSavedArtifact: true };
}

function artifactOf({ step, text }: StepRun<ShellStep>): string | undefined {
  if (step.save_artifact === undefined || step.save_artifact === false) return undefined;
  return step.save_artifact === true ? step.id : text(step.save_artifact);
}

async function runCommand(run: StepRun<ShellStep>, { command, cwd, artifact }: Prepared) {
  const { step } = run;
  const folder = folderIn(workspaceOf(run), cwd, { what: "cwd", root: "the workspace" });
  const open = await run.withSecrets(step.env);
  const env = Object.fromEntries(Object.entries(step.env).map(([name, value]) => [name, open.text(value)]));
  const report = await perform(run, programOf({ step, ports: run.ports, command, cwd: folder, env }), artifact);
  // Before anything fails the step: of a command that failed one wants to see why.
  if (artifact !== undefined) await save(artifact, reportText(shownCommand(command), report));
  return outputOf(step, command, report);
}

async function perform(
  { step, ports }: StepRun<ShellStep>,
  program: ProgramStart,
  artifact: string | undefined,
): Promise<ProgramReport> {
  const { runtime, checkpoint } = requireScope("a shell step");
  if (checkpoint === undefined) throw new Error("a command ran outside of its checkpoint");
  const { signal } = checkpoint;
  const most = artifact === undefined ? mostOutputBytes : mostReportBytes;
  const streams = { stdout: new KeptOutput(most), stderr: new KeptOutput(most) };
  const log = new LoggedOutput({
    print: (stream, line) => runtime.print(stream === "stdout" ? "info" : "error", line, checkpoint),
    redact: (text) => ports.redact(text),
  });
  const reader = (stream: OutputStream) => async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      streams[stream].add(chunk);
      log.add(stream, chunk);
    }
  };
  // What it said before its time was over is told; what it says after that is not.
  const endLog = () => log.end();
  signal.addEventListener("abort", endLog, { once: true });
  const end = await inTurn(checkpoint.idempotencyKey, () =>
    runProgram(program, {
      groups: runtime.groups(checkpoint),
      marks: { SAVEPOINT_PARENT_EXECUTION_ID: runtime.executionId },
      signal,
      readOutput: reader("stdout"),
      readErrors: reader("stderr"),
    }).catch((error: unknown) => {
      throw startProblem(step, error) ?? error;
    }),
  ).finally(() => {
    signal.removeEventListener("abort", endLog);
    log.end();
  });
  return { ...end, ...streams };
}

function startProblem({ id }: ShellStep, error: unknown): StepFailed | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !String(error.syscall).startsWith("spawn"))
    return undefined;
  const isTooLong = "code" in error && error.code === "E2BIG";
  return new StepFailed(id, `the command cannot be started: ${error.message.replace(/\/\S*/g, "").trim()}`, {
    code: "cannot_start",
    hint: isTooLong ? "Commands and variables have a limit: hand long texts over in a file." : undefined,
  });
}

function outputOf(step: ShellStep, command: Prepared["command"], report: ProgramReport) {
  const { exitCode, signal, stdout, stderr } = report;
  const name = shownCommand(command).split("\n", 1)[0]?.slice(0, 200) ?? "";
  if (exitCode === null) {
    throw new StepFailed(step.id, `\`${name}\` was ended by ${signal}${lastWords(report)}`, { code: "killed" });
  }
  if (exitCode !== 0 && !step.allow_failure) {
    throw new StepFailed(step.id, `\`${name}\` ended with exit code ${exitCode}${lastWords(report)}`, {
      code: "exit_code",
      hint:
        exitCode === 127
          ? "127 is what a shell says of a command that it does not find: install it, or give its path."
          : undefined,
    });
  }
  return { exit_code: exitCode, stdout: withoutLastBreak(stdout), stderr: withoutLastBreak(stderr) };
}

/** As `$(…)` of a shell: what a command says is put into the middle of texts. */
function withoutLastBreak(kept: KeptOutput): string {
  return kept.text(mostOutputBytes).replace(/[\r\n]+$/, "");
}
