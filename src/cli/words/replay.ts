import { statusNotes } from "../exit-codes.ts";
import { actAndWait, addWaitingFlags } from "./waiting.ts";
import type { WordDetails } from "./word-details.ts";

export const replayDetails: WordDetails = {
  examples: [
    `savepoint replay 0199a3f2 --from draft --set checkpoint.outline='"Tea"'`,
    "savepoint replay 0199a3f2 --code current --dry-run",
  ],
  notes: statusNotes,
  extend(command) {
    addWaitingFlags(command, { isNamed: true, fallback: "5 seconds" });
  },
  act: (call) => actAndWait(call, { fallback: 5, operationWaits: true }),
};
