import { UserError } from "../../core/errors.ts";
import type { ExecutionView, PendingWaitView } from "../../tools/execution-schema.ts";
import { executionIn, perform } from "../answers.ts";
import { askWait } from "../ask/ask-wait.ts";
import { commandOf, inCommandForm } from "../command-form.ts";
import { exitCodes, statusNotes } from "../exit-codes.ts";
import { harmlessValue } from "../terminal-text.ts";
import { actAndWait, addWaitingFlags } from "./waiting.ts";
import type { WordCall, WordDetails } from "./word-details.ts";

export const answerDetails: WordDetails = {
  examples: [
    "savepoint answer 0199a3f2",
    "savepoint answer 0199a3f2 true",
    `savepoint answer 0199a3f2 '{"publish":true}' --name publish --follow`,
  ],
  notes: statusNotes,
  extend(command) {
    addWaitingFlags(command, { isNamed: true, fallback: "5 seconds" });
  },
  async act(call) {
    const value = call.args["value"];
    if (value === undefined) return askFirst(call);
    return actAndWait(call, { fallback: 5, operationWaits: true });
  },
};

async function askFirst(call: WordCall): Promise<number> {
  const { session, args, spoken } = call;
  const id = args["execution_id"];
  const execution = executionIn(await perform(session, "executions_get", { execution_id: id }, spoken));
  if (execution === undefined) throw new Error("executions_get answered no execution");
  const wait = chosenWait(execution, args["wait"]);
  if (!session.output.canAsk) throw valueMissing(execution, wait);
  const said = await askWait(wait, session.output, session.signal);
  if (said === undefined) {
    session.output.notice(
      `${wait.name} is still pending: ${commandOf("executions_input", { execution_id: id })} asks again.`,
    );
    return exitCodes.waiting;
  }
  const answered = { ...args, wait: wait.wait_id, value: said.value };
  return actAndWait(call, { args: answered, fallback: 5, operationWaits: true });
}

function chosenWait(execution: ExecutionView, wanted: unknown): PendingWaitView {
  const { pending_waits: waits, execution_id: id, status, next } = execution;
  const names = waits.map(({ name }) => name).join(", ");
  if (waits.length === 0) {
    throw new UserError("invalid_state", `execution ${id} is ${status} and asks nothing`, {
      hint: inCommandForm(next),
    });
  }
  const meant = wanted === undefined ? waits : waits.filter((wait) => isNamed(wait, String(wanted)));
  const [only, ...others] = meant;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    throw new UserError("not_found", `execution ${id} has no pending wait ${JSON.stringify(wanted)}`, {
      hint: `Pending: ${names}.`,
    });
  }
  throw new UserError("ambiguous", `several waits are pending: ${names}`, {
    hint: "Say which one with --name.",
  });
}

/** Notifications and the inbox name a wait by its place, of which its name here may be the end or the beginning. */
function isNamed({ wait_id: id, name }: PendingWaitView, wanted: string): boolean {
  return id === wanted || name === wanted || wanted.endsWith(`/${name}`) || name === `${wanted}#1`;
}

function valueMissing(execution: ExecutionView, { name, question }: PendingWaitView): UserError {
  return new UserError("invalid_input", `<value> is missing: ${name} asks ${JSON.stringify(question ?? "to go on")}`, {
    hint: inCommandForm(harmlessValue(execution.next)),
  });
}
