import type { Command } from "commander";
import { catalogue } from "../../tools/catalogue.ts";
import { performAndTell } from "../answers.ts";
import { inCommandForm, inFlagForm } from "../command-form.ts";
import { globalsOf } from "../globals.ts";
import { takeArguments } from "../operation-command.ts";
import { runSession } from "../session.ts";
import type { Word } from "../words.ts";
import { answerDetails } from "./answer.ts";
import { eventsDetails, logsDetails } from "./logs-and-events.ts";
import { replayDetails } from "./replay.ts";
import { runDetails } from "./run.ts";
import { showDetails } from "./show.ts";
import { resumeDetails, retryDetails } from "./steering.ts";
import type { WordDetails } from "./word-details.ts";

const details: Readonly<Record<string, WordDetails>> = {
  run: runDetails,
  answer: answerDetails,
  inbox: { examples: ["savepoint inbox", "savepoint inbox --workflow review"] },
  list: { examples: ["savepoint list", "savepoint list --status failed --since 1d"] },
  show: showDetails,
  logs: logsDetails,
  events: eventsDetails,
  status: { examples: ["savepoint status"] },
  replay: replayDetails,
  retry: retryDetails,
  pause: { examples: ["savepoint pause 0199a3f2"] },
  resume: resumeDetails,
  cancel: { examples: ["savepoint cancel 0199a3f2"] },
};

/** Gives a word's command its arguments, flags and help, and what it does. */
export function registerWord(command: Command, word: Word): void {
  const operation = catalogue.find(({ name }) => name === word.operation);
  const known = details[word.name];
  if (operation === undefined || known === undefined) throw new Error(`the word ${word.name} is not complete`);
  const example = known.examples[0] ?? "";
  const typed = takeArguments(command, operation, {
    ...word,
    usage: `savepoint ${word.name}`,
    example,
    hasFlagsForAll: false,
  });
  known.extend?.(command);
  command
    .description(inCommandForm(inFlagForm(operation.description, operation, word)))
    .addHelpText("after", helpAfter(known, word));
  command.action(async () => {
    await runSession(globalsOf(command), operation.name.replace("_", "."), async (session) => {
      const args = typed.read(command);
      const call = { session, word, args, options: command.opts(), spoken: typed.spoken };
      return known.act === undefined ? performAndTell(session, operation.name, args, typed.spoken) : known.act(call);
    });
  });
}

function helpAfter({ examples, notes = [] }: WordDetails, { operation }: Word): string {
  const lines = [
    "",
    ...notes,
    ...(notes.length > 0 ? [""] : []),
    "Examples:",
    ...examples.map((one) => `  ${one}`),
    "",
    `The operation behind it: ${operation}. An execution's id may be shortened.`,
  ];
  return lines.join("\n");
}
