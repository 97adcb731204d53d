import type { Command } from "commander";
import { reasonOnlyHere } from "../exceptions.ts";
import { globalsOf } from "../globals.ts";
import { collect } from "../operation-command.ts";
import { runSession } from "../session.ts";
import { deleteSecret } from "./delete.ts";
import { rotateSecrets } from "./rotate.ts";
import { setSecret } from "./set.ts";
import { showSecret } from "./show.ts";

/** What only a person at this machine may do with secrets; creating and listing them are operations. */
export function registerSecrets(program: Command): void {
  const group =
    program.commands.find((command) => command.name() === "secrets") ??
    program.command("secrets").summary("set, show, delete, rotate").description("The project's secrets.");

  const set = group
    .command("set")
    .summary("Add or replace keys of a secret")
    .description(
      "Adds or replaces keys of a secret, which is made where it is missing. Values are asked for, and never typed as arguments.",
    )
    .argument("<name>", "name of the secret")
    .argument("[KEY...]", "keys whose values are asked for; without a terminal, one key takes stdin")
    .option("--from-env <KEY=VARIABLE>", "a value from an environment variable. Repeatable.", collect)
    .option("--from-file <KEY=path>", "a value from a file. Repeatable.", collect)
    .option(
      "--workflow <name>",
      "only executions of this workflow may read it. Repeatable; without keys, nothing else changes.",
      collect,
    )
    .option("--all-workflows", "every workflow may read it")
    .option("--private", "recorded as its visibility, where the secret is new")
    .addHelpText(
      "after",
      '\nExamples:\n  savepoint secrets set github TOKEN\n  printf %s "$TOKEN" | savepoint secrets set github TOKEN\n  savepoint secrets set github --from-env TOKEN=GITHUB_TOKEN\n  savepoint secrets set github --workflow release --workflow nightly',
    );
  set.action(async () => {
    await runSession(globalsOf(set), "secrets.set", (session) => setSecret(session, set.args, set.opts()));
  });

  const show = group
    .command("show")
    .summary("Show a secret, its values only when asked to")
    .description(
      "Shows a secret's keys with masked values. --reveal shows the values; with a KEY, that one alone and nothing else.",
    )
    .argument("<name>", "name of the secret")
    .option("--reveal [KEY]", "show the values, or write one to stdout as it is")
    .addHelpText(
      "after",
      "\nExamples:\n  savepoint secrets show github\n  savepoint secrets show github --reveal TOKEN | pbcopy",
    );
  show.action(async () => {
    await runSession(globalsOf(show), "secrets.show", (session) =>
      showSecret(session, show.args[0] ?? "", show.opts()),
    );
  });

  const remove = group
    .command("delete")
    .summary("Delete a secret")
    .description("Deletes a secret with all its keys. Asks first; without a terminal it needs --yes.")
    .argument("<name>", "name of the secret")
    .option("--yes", "do not ask")
    .addHelpText("after", "\nExample:\n  savepoint secrets delete github --yes");
  remove.action(async () => {
    await runSession(globalsOf(remove), "secrets.delete", (session) =>
      deleteSecret(session, remove.args[0] ?? "", remove.opts()),
    );
  });

  const rotate = group
    .command("rotate")
    .summary("Give the project's secrets a new key")
    .description(
      `Seals all secrets of the project with a new key: a copy of the old one opens them no more. Workers that run go on. No operation does it: ${reasonOnlyHere("secrets rotate")}.`,
    )
    .option("--master", "a new master key as well: other projects take it when they are next opened")
    .option(
      "--new-master-key-from-env <VARIABLE>",
      "the same where SAVEPOINT_MASTER_KEY gives the master key: take the new one from this variable",
    )
    .addHelpText("after", "\nExamples:\n  savepoint secrets rotate\n  savepoint secrets rotate --master");
  rotate.action(async () => {
    await runSession(globalsOf(rotate), "secrets.rotate", (session) => rotateSecrets(session, rotate.opts()));
  });
}
