import type { Command } from "commander";
import { catalogue } from "../../tools/catalogue.ts";
import type { Operation } from "../../tools/operation.ts";
import { performAndTell } from "../answers.ts";
import { inCommandForm, inFlagForm } from "../command-form.ts";
import { globalsOf } from "../globals.ts";
import { takeArguments } from "../operation-command.ts";
import { runSession } from "../session.ts";
import { initWorkflows } from "./init.ts";
import { type NewOptions, newWorkflow } from "./new.ts";
import { printSchema } from "./schema.ts";
import { runValidate } from "./validate.ts";

/** What a person does with definitions besides the operations: begin, and check all of them. */
export function registerWorkflows(program: Command): void {
  const group =
    program.commands.find((command) => command.name() === "workflows") ??
    program.command("workflows").summary("list, show, validate, init, new").description("Flows and definitions.");
  registerShow(group);
  registerValidate(group);
  registerInit(group);
  registerNew(group);
  registerSchema(group);
}

function registerShow(group: Command): void {
  const operation = operationNamed("workflows_get");
  const show = group.command("show").summary("Show a workflow").description(descriptionOf(operation));
  const example = "savepoint workflows show release-notes";
  const shape = { usage: "savepoint workflows show", example, positionals: ["workflow"], hasFlagsForAll: false };
  const typed = takeArguments(show, operation, shape);
  show.addHelpText("after", `\nExample:\n  ${example}`);
  show.action(async () => {
    await runSession(globalsOf(show), "workflows.show", (session) =>
      performAndTell(session, operation.name, typed.read(show), typed.spoken),
    );
  });
}

function registerValidate(group: Command): void {
  const operation = operationNamed("workflows_validate");
  const validate = group
    .command("validate")
    .summary(operation.title)
    .description(`${descriptionOf(operation)} Without any of them, every file of the workflows folder.`)
    .argument("[what]", "name of a definition, a path, or - (stdin); without it, all")
    .option("--all", "every file of the workflows folder");
  const example = "savepoint workflows validate release-notes";
  const shape = { usage: "savepoint workflows validate", example, positionals: [], hasFlagsForAll: true };
  const typed = takeArguments(validate, operation, shape);
  validate.addHelpText(
    "after",
    [
      "",
      "Exit codes: 0 nothing is wrong but for warnings; 1 there are errors; 2 wrong usage.",
      "",
      "Examples:",
      "  savepoint workflows validate",
      `  ${example}`,
      "  savepoint workflows validate examples/workflows/digest.md",
      "  savepoint workflows validate - < draft.md",
    ].join("\n"),
  );
  validate.action(async (what: string | undefined, { all }: { all?: boolean }) => {
    await runSession(globalsOf(validate), "workflows.validate", (session) =>
      runValidate(session, { what, all: all === true, args: typed.read(validate), spoken: typed.spoken }),
    );
  });
}

function registerInit(group: Command): void {
  const init = group
    .command("init")
    .summary("Make the workflows folder, with an example")
    .description("Makes the workflows folder with one definition that needs no model, and says how to run it.");
  init.action(async () => {
    await runSession(globalsOf(init), "workflows.init", initWorkflows);
  });
}

function registerNew(group: Command): void {
  const create = group
    .command("new")
    .summary("Write a definition to begin with")
    .description("Writes a commented definition to begin with. A file that is there already is never overwritten.")
    .argument("<name>", "in kebab-case: release-notes")
    .option("--with-steps", "with more kinds of steps: a judging model, a condition, a person")
    .option("--with-tools", "in a folder of its own, with a module whose function is a step")
    .option("--agent", "without steps: the text is the prompt of a coding agent")
    .addHelpText(
      "after",
      "\nExamples:\n  savepoint workflows new release-notes\n  savepoint workflows new triage --with-steps --with-tools\n  savepoint workflows new tour --agent",
    );
  create.action(async (name: string, options: NewOptions) => {
    await runSession(globalsOf(create), "workflows.new", (session) => newWorkflow(session, name, options));
  });
}

function registerSchema(group: Command): void {
  const schema = group
    .command("schema")
    .summary("Print the JSON Schema of definitions, for editors")
    .description("Prints the JSON Schema of a definition's fields. Editors check and complete YAML by it.")
    .addHelpText("after", "\nExample:\n  savepoint workflows schema > workflows/definition.schema.json");
  schema.action(async () => {
    await runSession(globalsOf(schema), "workflows.schema", printSchema);
  });
}

function operationNamed(name: string): Operation {
  const operation = catalogue.find((one) => one.name === name);
  if (operation === undefined) throw new Error(`there is no operation ${name}`);
  return operation;
}

function descriptionOf(operation: Operation): string {
  return inCommandForm(inFlagForm(operation.description, operation));
}
