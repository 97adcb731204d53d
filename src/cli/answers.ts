import type { ExecutionView } from "../tools/execution-schema.ts";
import { inCommandForm } from "./command-form.ts";
import { asksForOutcome, exitCodeOf, exitCodes } from "./exit-codes.ts";
import { presentAnswer } from "./present/presenters.ts";
import { inTypedWords, type Spoken } from "./problems.ts";
import type { Session } from "./session.ts";
import { harmlessValue } from "./terminal-text.ts";

type Answer = Readonly<Record<string, unknown>>;

/** Calls an operation; what it objects to is said in the words that were typed. */
export async function perform(session: Session, operation: string, args: object, spoken: Spoken): Promise<Answer> {
  const client = await session.client();
  return client.call(operation, args, { signal: session.signal }).catch((error: unknown) => {
    throw inTypedWords(error, spoken);
  });
}

/** Calls an operation and writes its answer. */
export async function performAndTell(
  session: Session,
  operation: string,
  args: Record<string, unknown>,
  spoken: Spoken,
): Promise<number> {
  const answer = await perform(session, operation, args, spoken);
  await tell(session, operation, answer);
  const execution = executionIn(answer);
  return execution !== undefined && asksForOutcome(operation, args) ? exitCodeOf(execution) : exitCodes.ok;
}

/** Writes an operation's answer: in full as JSON, or as a person reads it. */
export async function tell({ command, output }: Session, operation: string, answer: Answer): Promise<void> {
  if (output.isJson) return output.json(inEnvelope(command, answer));
  const text = await presentAnswer(operation, harmlessValue(answer), output);
  if (text !== "") output.print(text);
  tellWhatIsNext(output, answer);
}

function tellWhatIsNext(output: Session["output"], answer: Answer): void {
  const execution = executionIn(answer);
  // Where it has completed and saved nothing, its result is all there is to know.
  const isOver = execution?.status === "completed" && execution.counts.artifacts === 0;
  if (execution !== undefined && !isOver) output.notice(inCommandForm(execution.next));
  if (typeof answer["next_cursor"] === "string") output.notice(`There is more: add --cursor ${answer["next_cursor"]}`);
}

/** @returns `{ command, item }`, or `{ command, items, count, next_cursor, … }` of a listing */
function inEnvelope(command: string, answer: Answer): object {
  const { items, ...rest } = answer;
  return Array.isArray(items) && "next_cursor" in rest
    ? { command, items, count: items.length, ...rest }
    : { command, item: answer };
}

/** The execution that an answer is, or holds. */
export function executionIn(answer: Answer): (Answer & ExecutionView) | undefined {
  const found = "plan" in answer ? answer["execution"] : answer;
  return isExecution(found) ? found : undefined;
}

function isExecution(value: unknown): value is Answer & ExecutionView {
  return typeof value === "object" && value !== null && "execution_id" in value && "pending_waits" in value;
}
