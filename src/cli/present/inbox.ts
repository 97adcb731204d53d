import type { Answer } from "../../client/client.ts";
import { shellWord } from "../../core/shell-word.ts";
import { shortIds } from "../short-ids.ts";
import { glyph } from "../style.ts";
import { relativeTime } from "../time-text.ts";
import { type Page, setIn } from "./page.ts";

type Asked = Answer<"executions_waits">["items"][number];

/** Every pending wait with the command that answers it. */
export function inboxText({ items }: Answer<"executions_waits">, page: Page): string {
  if (items.length === 0) return "Nobody is asked anything.";
  const short = shortIds(items.map((one) => one.execution_id));
  const several = (one: Asked) => items.filter((other) => other.execution_id === one.execution_id).length > 1;
  return items
    .map((one) => waitText(one, { id: short(one.execution_id), isOneOfSeveral: several(one) }, page))
    .join("\n\n");
}

function waitText(wait: Asked, { id, isOneOfSeveral }: { id: string; isOneOfSeveral: boolean }, page: Page): string {
  const { style, now } = page;
  const until = wait.expires_at === null ? "" : `, expires ${relativeTime(wait.expires_at, now)}`;
  const about = style.dim(`asked ${relativeTime(wait.asked_at, now)}${until}`);
  return [
    `${glyph("pending", style)} ${style.bold(wait.workflow)}  ${wait.name}  ${id}  ${about}`,
    ...(wait.question === null ? [] : setIn(wait.question)),
    ...(wait.refused_answer === null ? [] : setIn(style.bad(`refused: ${wait.refused_answer.reason}`))),
    `  ${style.dim(`savepoint answer ${id}${isOneOfSeveral ? ` --name ${shellWord(wait.name)}` : ""}`)}`,
  ].join("\n");
}
