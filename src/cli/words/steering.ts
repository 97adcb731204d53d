import { performAndTell } from "../answers.ts";
import { exitCodes, statusNotes } from "../exit-codes.ts";
import { actAndWait, addWaitingFlags } from "./waiting.ts";
import type { WordCall, WordDetails } from "./word-details.ts";

export const retryDetails: WordDetails = {
  examples: ["savepoint retry 0199a3f2", "savepoint retry 0199a3f2 --follow"],
  notes: statusNotes,
  extend(command) {
    addWaitingFlags(command, { isNamed: true, fallback: "5 seconds" });
  },
  act: (call) => actAndWait(call, { fallback: 5, operationWaits: false }),
};

export const resumeDetails: WordDetails = {
  examples: ["savepoint resume 0199a3f2", "savepoint resume 0199a3f2 --follow"],
  notes: ["With --follow it ends as the execution does.", ...statusNotes],
  extend(command) {
    addWaitingFlags(command, { isNamed: false, fallback: "" });
  },
  act: (call) =>
    call.options["follow"] === true ? actAndWait(call, { fallback: 0, operationWaits: false }) : resume(call),
};

async function resume({ session, word, args, spoken }: WordCall): Promise<number> {
  await performAndTell(session, word.operation, args, spoken);
  return exitCodes.ok;
}
