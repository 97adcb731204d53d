import { catalogue } from "../tools/catalogue.ts";
import { wordsOf } from "./command-form.ts";
import { exitCodes } from "./exit-codes.ts";
import { pageOf } from "./present/presenters.ts";
import type { Session } from "./session.ts";
import { table } from "./table.ts";

/** `savepoint operations`: what agents have, and the command that is the same. */
export async function listOperations({ command, output }: Session): Promise<number> {
  const items = catalogue.map(({ name, title }) => ({ operation: name, command: `savepoint ${wordsOf(name)}`, title }));
  if (output.isJson) {
    output.json({ command, items, count: items.length, next_cursor: null, total: items.length, total_is_exact: true });
    return exitCodes.ok;
  }
  const { style } = output;
  const columns = [
    { head: "command", text: (one: (typeof items)[number]) => one.command, paint: style.bold },
    { head: "operation", text: (one: (typeof items)[number]) => one.operation },
    { head: "what it is for", text: (one: (typeof items)[number]) => one.title, shrinks: true },
  ];
  output.print(await table(columns, items, pageOf(output)));
  return exitCodes.ok;
}
