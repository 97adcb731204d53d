import { readFileSync } from "node:fs";
import type { Answer } from "../../client/client.ts";
import { UserError } from "../../core/errors.ts";
import { problemView } from "../../tools/definition-problem.ts";
import { perform, tell } from "../answers.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import { pageOf } from "../present/presenters.ts";
import { countsOf, type Problem, problemLines } from "../present/workflows.ts";
import type { Spoken } from "../problems.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";
import { harmlessValue } from "../terminal-text.ts";

const operation = "workflows_validate";

export interface ValidateRequest {
  what: string | undefined;
  all: boolean;
  /** What was given as flags, as the operation's input. */
  args: Record<string, unknown>;
  spoken: Spoken;
}

/** One definition by the operation, or every file of the folder. Ends with 1 where there are errors. */
export async function runValidate(session: Session, { what, all, args, spoken }: ValidateRequest): Promise<number> {
  const isOne = what !== undefined || Object.keys(args).length > 0;
  if (isOne && all) throw new UserError("invalid_input", "--all goes with no name", { hint: "Leave one of them out." });
  if (!isOne) return validateAll(session);
  const answer = await perform(session, operation, { ...args, ...(what !== undefined && argumentOf(what)) }, spoken);
  await tell(session, operation, answer);
  return answer["valid"] === true ? exitCodes.ok : exitCodes.failed;
}

function argumentOf(what: string): Partial<Record<"text" | "path" | "workflow", string>> {
  if (what === "-") return { text: readFileSync(0, "utf8") };
  return /[\\/]|\.(md|markdown|toml|ya?ml)$/i.test(what) ? { path: what } : { workflow: what };
}

type File = Omit<Answer<typeof operation>, "name"> & { name: string };

async function validateAll(session: Session): Promise<number> {
  const { command, output } = session;
  const files = await withApp(session, async ({ workflows, store }) => {
    const { definitions, problems } = await workflows.checkAll();
    return store.protection.redactValue(filesOf(definitions, problems.map(problemView)));
  });
  const isValid = files.every(({ valid }) => valid);
  if (output.isJson) output.json({ command, items: files, count: files.length, valid: isValid });
  else tellAll(session, harmlessValue(files));
  return isValid ? exitCodes.ok : exitCodes.failed;
}

/** Also those that hold no definition of their own, because another file has the name. */
function filesOf(definitions: readonly { name: string; target: string }[], problems: readonly Problem[]): File[] {
  const byFile = Map.groupBy(problems, ({ file }) => file);
  const others = [...byFile.keys()].filter((file) => definitions.every(({ target }) => target !== file));
  return [...definitions, ...others.map((target) => ({ name: target, target }))]
    .map(({ name, target }) => ({ name, file: target, problems: byFile.get(target) ?? [] }))
    .map((one) => ({ ...one, valid: one.problems.every(({ severity }) => severity !== "error") }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

function tellAll({ output }: Session, files: readonly File[]): void {
  const problems = files.flatMap((one) => one.problems);
  const lines = problemLines(problems, pageOf(output), "");
  const isValid = files.every(({ valid }) => valid);
  const sign = glyph(isValid ? "completed" : "failed", output.style);
  const counts = problems.length === 0 ? "nothing is wrong" : countsOf(problems);
  const none = "There is no definition. `savepoint workflows init` makes one to begin with.";
  const verdict = files.length === 0 ? none : `${sign} ${files.length} file${files.length === 1 ? "" : "s"}: ${counts}`;
  output.print([...lines, verdict].join("\n"));
}
