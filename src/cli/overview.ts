import type { Command, Help } from "commander";
import { words } from "./words.ts";

/** The first help: everyday words in groups, then the rest. */
export function overview(program: Command, help: Help): string {
  const headings = [...new Set(words.map(({ heading }) => heading))];
  const everyday = headings.flatMap((heading) => [
    `${heading}:`,
    ...words.filter((word) => word.heading === heading).map(({ name, summary }) => item(name, summary)),
    "",
  ]);
  const others = program.commands.filter((command) => !words.some(({ name }) => name === command.name()));
  return [
    "Usage: savepoint <command> [options]",
    "",
    program.description(),
    "",
    ...everyday,
    "Everything else:",
    ...others.map((command) => item(command.name(), command.summary())),
    item("<group> <verb>", "every operation that agents have: `savepoint executions --help`,"),
    item("", "also workflows, artifacts, secrets and others; `savepoint operations` lists them"),
    "",
    "Options, anywhere on the line:",
    ...help.visibleOptions(program).map((option) => item(help.optionTerm(option), help.optionDescription(option), 20)),
    "",
    "Examples:",
    "  savepoint run flows/review.ts:review -i topic=tea --follow",
    "  savepoint inbox",
    "  savepoint answer 0199a3f2 true",
    "  savepoint list --status failed --output json",
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 cancelled, 4 it waits for someone's answer.",
    "savepoint <command> --help says more. Ids may be shortened.",
    "",
  ].join("\n");
}

function item(name: string, text: string, width = 16): string {
  return `  ${name.padEnd(width)}${text}`;
}
