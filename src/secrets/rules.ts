import { errorCodes, UserError } from "../core/errors.ts";
import { executionStatuses, failureOrigins } from "../core/statuses.ts";
import { eventTypes } from "../store/events.ts";
import { entryOrigins, entryStatuses } from "../store/journal.ts";
import { shortestPattern } from "./encodings.ts";
import { Scrubber } from "./scrubber.ts";
import type { SecretValues } from "./values.ts";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const keyPattern = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const mostKeys = 50;
const mostWorkflows = 50;
const longestWorkflow = 200;
export const longestValueBytes = 64 * 1024;
/** What every record is made of. */
const recordedWords: readonly string[] = [
  ...executionStatuses,
  ...entryStatuses,
  ...entryOrigins,
  ...eventTypes,
  ...failureOrigins,
  ...errorCodes,
];

/** @throws UserError `invalid_input` */
export function checkSecretName(name: string): string {
  if (namePattern.test(name)) return name;
  throw refusal(`name: ${JSON.stringify(name.slice(0, 120))} is no name of a secret`, [], {
    hint: 'Begin with a letter or digit, go on with letters, digits, ".", "_" or "-" (100 at most), for example "github".',
  });
}

/**
 * The values under keys without surrounding blanks. No error says what a value was.
 * @param words of answers, which no value may hide
 * @throws UserError `invalid_input` with everything that is wrong
 */
export function checkSecretValues(values: Record<string, unknown>, words: readonly string[] = []): SecretValues {
  const field = "values";
  const entries = Object.entries(values).map(([given, value]) => ({ key: given.trim(), value }));
  refuseIfAny([
    ...keyProblems(field, Object.keys(values)),
    ...entries.flatMap(({ key, value }) => valueProblems(`${field}.${key}`, value, words)),
  ]);
  return Object.fromEntries(entries.map(({ key, value }) => [key, String(value)]));
}

/** Keys whose values are still to come, without the blanks around them. @throws UserError `invalid_input` */
export function checkSecretKeys(field: string, given: readonly string[]): string[] {
  refuseIfAny(keyProblems(field, given));
  return given.map((key) => key.trim());
}

/** The workflows that may read a secret, each once. @throws UserError `invalid_input` */
export function checkWorkflows(given: readonly string[]): string[] {
  const names = [...new Set(given.map((name) => name.trim()))];
  refuseIfAny([
    ...(names.length === 0 ? ["workflows: name at least one; where it is left out, every workflow may read it"] : []),
    ...(names.length > mostWorkflows ? [`workflows: ${names.length} are too many; ${mostWorkflows} is the limit`] : []),
    ...(names.some((name) => name === "") ? ["workflows: a name is blank"] : []),
    ...(names.some((name) => name.length > longestWorkflow)
      ? [`workflows: a name is longer than ${longestWorkflow} characters`]
      : []),
  ]);
  return names.sort();
}

/** What the one who stores the values should know of them. */
export function warningsOf(values: SecretValues): string[] {
  const short = Object.entries(values).filter(([, value]) => value.trim().length < shortestPattern);
  if (short.length === 0) return [];
  const names = short.map(([key]) => key).join(", ");
  return [
    `${names}: shorter than ${shortestPattern} characters, so it cannot be told from ordinary text: it is sealed here, but not redacted from logs and results.`,
  ];
}

/** What is wrong with a value; never says what it was. */
export function valueProblems(where: string, value: unknown, words: readonly string[] = []): string[] {
  if (typeof value !== "string")
    return [`${where} must be a text; it is ${value === null ? "null" : `of type ${typeof value}`}`];
  if (value.trim() === "") return [`${where} is blank`];
  const bytes = Buffer.byteLength(value);
  if (bytes > longestValueBytes) return [`${where} is ${bytes} bytes long; ${longestValueBytes} is the limit`];
  if (!hidesAny(value, [...recordedWords, ...words])) return [];
  return [
    `${where} is a word of Savepoint's own answers, or a part of one, which would be redacted in all of them; take a value that cannot be guessed, and pass what is no secret as an input`,
  ];
}

function hidesAny(value: string, words: readonly string[]): boolean {
  const scrubber = new Scrubber([{ label: "", value }]);
  return words.some((word) => scrubber.holds(word));
}

function keyProblems(field: string, given: readonly string[]): string[] {
  const keys = given.map((key) => key.trim());
  return [
    ...(keys.length === 0 ? [`${field}: at least one key is needed`] : []),
    ...(keys.length > mostKeys ? [`${field}: ${keys.length} keys are too many; ${mostKeys} is the limit`] : []),
    ...given
      .filter((key) => !keyPattern.test(key.trim()))
      .map(
        (key) =>
          `${field}: ${JSON.stringify(key.slice(0, 120))} is no key; use names like those of environment variables, such as API_TOKEN`,
      ),
    ...keys
      .filter((key, at) => keys.indexOf(key) !== at)
      .map((key) => `${field}: several keys are ${JSON.stringify(key)} once the blanks around them are gone`),
  ];
}

function refuseIfAny(problems: string[]): void {
  if (problems.length > 0) throw refusal([...new Set(problems)].join("; "), problems, { hint: "Nothing was stored." });
}

function refusal(message: string, problems: string[], { hint }: { hint: string }): UserError {
  return new UserError("invalid_input", message, { hint, ...(problems.length > 0 && { details: { problems } }) });
}
