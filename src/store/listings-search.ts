import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** More words that begin alike are left to the index: it is asked for each of them by itself. */
const mostEndings = 20;

/** What a person typed as a query of the full-text index, which wants all the words, in whatever order. */
export function wordsQuery(typed: string): string {
  const words = wordsOf(typed).map(quoted);
  return words.length === 0 ? '""' : words.join(" AND ");
}

/**
 * The same for beginnings of words. Of a beginning the index collects every execution before it answers the first,
 * while whole words are read newest first and no further than needed, so a beginning is replaced by its endings.
 * @returns undefined where no word goes on, so that there is no more to find than with whole words
 */
export async function beginningsQuery(database: Kysely<Tables>, typed: string): Promise<string | undefined> {
  const words = wordsOf(typed);
  const endings = await Promise.all(words.map((word) => endingsOf(database, word)));
  if (words.every((word, index) => endings[index]?.every((one) => one === word.toLowerCase()))) return undefined;
  return words.map((word, index) => group(word, endings[index])).join(" AND ");
}

/** Letters and digits; everything else only separates them. */
function wordsOf(typed: string): string[] {
  return typed.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** The words of the index that begin so; undefined when they are many, or when only the index knows how it spells them. */
async function endingsOf(database: Kysely<Tables>, word: string): Promise<string[] | undefined> {
  if (!/^[a-z0-9]+$/i.test(word)) return undefined;
  const beginning = word.toLowerCase();
  const endings: string[] = [];
  let from = beginning;
  for (;;) {
    const next = await database
      .selectFrom("executions_words")
      .select("term")
      .where("term", ">=", from)
      .limit(1)
      .executeTakeFirst();
    if (next === undefined || !next.term.startsWith(beginning)) return endings;
    if (endings.push(next.term) > mostEndings) return undefined;
    // The least word after this one: every row of the table would be one more execution that has it.
    from = `${next.term}\u0001`;
  }
}

function group(word: string, endings: string[] | undefined): string {
  if (endings === undefined) return `${quoted(word)}*`;
  return endings.length === 0 ? '""' : `(${endings.map(quoted).join(" OR ")})`;
}

function quoted(word: string): string {
  return `"${word}"`;
}
