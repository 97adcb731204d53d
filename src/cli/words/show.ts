import { performAndTell } from "../answers.ts";
import { exitCodes, statusNotes } from "../exit-codes.ts";
import { followToEnd } from "../follow/follow.ts";
import { newestId } from "./newest.ts";
import { actAndWait, addWaitingFlags } from "./waiting.ts";
import type { WordDetails } from "./word-details.ts";

export const showDetails: WordDetails = {
  examples: ["savepoint show", "savepoint show 0199a3f2 --wait 10m", "savepoint show 0199a3f2 --follow --logs"],
  notes: ["With --wait or --follow it ends as the execution does.", ...statusNotes],
  extend(command) {
    addWaitingFlags(command, { isNamed: true, fallback: "not at all" });
  },
  async act(call) {
    const { session, options, spoken } = call;
    const args = { execution_id: call.args["execution_id"] ?? (await newestId(session, spoken)), detail: "full" };
    if (options["follow"] === true) {
      return followToEnd(session, String(args.execution_id), { logs: options["logs"] === true });
    }
    if (options["wait"] !== undefined) return actAndWait(call, { args, fallback: 0, operationWaits: true });
    await performAndTell(session, "executions_get", args, spoken);
    return exitCodes.ok;
  },
};
