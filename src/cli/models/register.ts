import type { Command } from "commander";
import { reasonOnlyHere } from "../exceptions.ts";
import { globalsOf } from "../globals.ts";
import { runSession } from "../session.ts";
import { chooseDefault, registerAlias, removeAlias } from "./aliases.ts";

/** What only a person at this machine may do with model aliases; listing them is an operation. */
export function registerModels(program: Command): void {
  const group =
    program.commands.find((command) => command.name() === "models") ??
    program.command("models").summary("register, remove, default").description("Short names for models.");

  const register = group
    .command("register")
    .summary("Give a model a short name")
    .description(
      "Gives a model a short name, which workflows and runs may use instead of it. A name that is there already is changed; the first one becomes the default.",
    )
    .argument("<name>", "the short name")
    .argument("<model>", "provider:model, or provider/model")
    .option("--secret <NAME[.KEY]>", "the secret that holds the key; a key of the environment comes before it")
    .option("--base-url <url>", "an address to call instead of the provider's; only the linked secret is sent there")
    .option("--default", "use it wherever nobody names a model")
    .addHelpText(
      "after",
      [
        "",
        `Agents cannot do this: ${reasonOnlyHere("models register")}.`,
        "",
        "Examples:",
        "  savepoint models register fast anthropic:claude-haiku-5-5",
        "  savepoint models register router openai-compatible:org/model --secret router.KEY --base-url https://router.example/v1",
        "  savepoint models register local ollama:llama3.2:3b --default",
      ].join("\n"),
    );
  register.action(async () => {
    await runSession(globalsOf(register), "models.register", (session) =>
      registerAlias(session, register.args, register.opts()),
    );
  });

  const remove = group
    .command("remove")
    .summary("Remove a short name")
    .description("Removes a short name. Where it was the default, there is none from then on.")
    .argument("<name>", "the short name")
    .addHelpText("after", "\nExample:\n  savepoint models remove fast");
  remove.action(async () => {
    await runSession(globalsOf(remove), "models.remove", (session) => removeAlias(session, remove.args[0] ?? ""));
  });

  const choose = group
    .command("default")
    .summary("Choose the model for all that name none")
    .description("Makes a short name the one that is used wherever nobody names a model.")
    .argument("<name>", "the short name")
    .addHelpText("after", "\nExample:\n  savepoint models default fast");
  choose.action(async () => {
    await runSession(globalsOf(choose), "models.default", (session) => chooseDefault(session, choose.args[0] ?? ""));
  });
}
