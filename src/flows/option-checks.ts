import { parseDuration } from "../core/durations.ts";
import { isUserError } from "../core/errors.ts";
import { shown } from "../core/shown.ts";
import { didYouMean } from "../core/suggest.ts";
import { MisuseError } from "./errors.ts";

const longestTag = 100;
const mostTags = 20;

/** @throws MisuseError when it is no object of options, or holds one that is not `known` */
export function checkOptions<Options extends object>(
  what: string,
  options: unknown,
  known: readonly (keyof Options & string)[],
): void {
  if (!isOptions(options)) {
    throw new MisuseError(`${what}: the options must be an object (${known.join(", ")}), not ${shown(options)}`);
  }
  const names: readonly string[] = known;
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const instead = didYouMean(unknown, known);
  throw new MisuseError(
    `${what}: the option ${shown(unknown)} is unknown (${known.join(", ")})${instead === undefined ? "" : `. ${instead}`}`,
  );
}

/** Whether it can be options, and is no list of whatever kind. */
export function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** Milliseconds. @throws MisuseError */
export function readDuration(what: string, value: unknown): number {
  try {
    return parseDuration(value, "ms", what);
  } catch (error) {
    if (!isUserError(error)) throw error;
    throw new MisuseError(`${error.message}. Write milliseconds, or for example "90s", "15m", "2h" or "1d".`, {
      cause: error,
    });
  }
}

/** Milliseconds within which something must end. @throws MisuseError when it is no duration, or leaves no time */
export function readLimit(what: string, value: unknown): number {
  const ms = readDuration(what, value);
  if (ms > 0) return ms;
  throw new MisuseError(`${what} must be longer than nothing, for example "90s" or "2h"; it is ${shown(value)}`);
}

/** A copy of the tags. @throws MisuseError */
export function readTags(what: string, tags: unknown): string[] {
  const rule = `${what}: tags must be an array of at most ${mostTags} texts of 1 to ${longestTag} characters`;
  if (!Array.isArray(tags)) throw new MisuseError(`${rule}; it is ${shown(tags)}`);
  if (tags.length > mostTags) throw new MisuseError(`${rule}; it has ${tags.length}`);
  const wrong = tags.findIndex((tag) => !isText(tag, longestTag));
  if (wrong >= 0) throw new MisuseError(`${rule}; tags[${wrong}] is ${shown(tags[wrong])}`);
  return [...tags];
}

/** @throws MisuseError when it is given and no text of 1 to `longest` characters */
export function checkText(what: string, value: unknown, longest: number): void {
  if (value === undefined || isText(value, longest)) return;
  throw new MisuseError(`${what} must be a text of 1 to ${longest} characters; it is ${shown(value)}`);
}

/** @throws MisuseError when it is given and neither true nor false */
export function checkBoolean(what: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new MisuseError(`${what} must be true or false; it is ${shown(value)}`);
}

/** @throws MisuseError when it is no whole number of `least` or more */
export function checkCount(what: string, value: unknown, least = 0): void {
  if (Number.isSafeInteger(value) && Number(value) >= least) return;
  throw new MisuseError(`${what} must be a whole number, ${least} or more; it is ${shown(value)}`);
}

function isText(value: unknown, longest: number): boolean {
  return typeof value === "string" && value.length >= 1 && value.length <= longest;
}
