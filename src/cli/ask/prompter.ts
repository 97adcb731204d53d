import { isUserError } from "../../core/errors.ts";
import { compileJsonSchema, type JsonSchema } from "../../core/json-schema.ts";
import { harmless, oneLine } from "../terminal-text.ts";
import { parted } from "./parted-question.ts";
import type { Choice, FieldPlan, PromptPlan } from "./prompt-plan.ts";

type Prompts = typeof import("@clack/prompts");

/** A value, or that an optional one was left out. */
export type Said = { readonly value: unknown } | { readonly isLeftOut: true };

interface Question {
  readonly message: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** The person does not want to answer now, or need not any more. */
export class PromptEnded extends Error {
  override readonly name = "PromptEnded";
}

/** Asks at the terminal, plan by plan. Ends with `PromptEnded` where the person leaves or the signal fires. */
export class Prompter {
  readonly #prompts: Prompts;
  readonly #signal: AbortSignal;

  constructor(prompts: Prompts, signal: AbortSignal) {
    this.#prompts = prompts;
    this.#signal = signal;
  }

  async ask(plan: PromptPlan, asked: Question): Promise<Said> {
    const question = plan.kind === "fields" ? asked : this.#shortened(asked);
    switch (plan.kind) {
      case "go-on":
        return this.#askToGoOn(question);
      case "confirm":
        return question.isRequired ? this.#confirm(plan, question) : this.#select(yesOrNo, question);
      case "select":
        return this.#select(plan.options, question);
      case "options":
        return this.#options(plan.options, question);
      case "multiselect":
        return this.#multiselect(plan.options, question);
      case "text":
        return this.#type(question, { initial: plan.initial, read: (text) => text });
      case "number":
        return this.#type(question, { initial: plan.initial, read: Number });
      case "fields":
        return this.#fields(plan.fields, question);
      case "json":
        return this.#type({ ...question, message: `${question.message} (JSON)` }, { read: (text) => JSON.parse(text) });
      default:
        return plan satisfies never;
    }
  }

  /** A prompt is painted anew at every key, so it holds the end of a question; what comes before stands above it. */
  #shortened(question: Question): Question {
    const { above, last } = parted(question.message);
    if (above !== "") this.#prompts.log.step(harmless(above));
    return { ...question, message: last };
  }

  tell(text: string): void {
    this.#prompts.log.warn(harmless(text));
  }

  async #askToGoOn({ message }: Question): Promise<Said> {
    const { confirm } = this.#prompts;
    const options = { active: "Go on", inactive: "Not now", signal: this.#signal };
    if (!this.#said(await confirm({ message: harmless(message), ...options }))) throw new PromptEnded();
    return { value: true };
  }

  async #confirm({ initial = true }: { initial?: boolean }, { message }: Question): Promise<Said> {
    const { confirm } = this.#prompts;
    return {
      value: this.#said(await confirm({ message: harmless(message), initialValue: initial, signal: this.#signal })),
    };
  }

  async #select(choices: readonly Choice[], { message, isRequired }: Question): Promise<Said> {
    const { select } = this.#prompts;
    const options = choices.map((choice, at) => ({ value: at, ...shownChoice(choice) }));
    if (!isRequired) options.unshift({ value: -1, label: "(leave it out)" });
    const at = this.#said(await select({ message: harmless(message), options, signal: this.#signal }));
    return at < 0 ? { isLeftOut: true } : { value: choices[at]?.value };
  }

  async #options(choices: readonly Choice[], question: Question): Promise<Said> {
    const said = await this.#select(choices, question);
    if (!("value" in said)) return said;
    const comment = { message: "Comment (optional)", schema: { type: "string" }, isRequired: false };
    const more = await this.#type(comment, { read: (text) => text });
    return "value" in more ? { value: { option: said.value, comment: more.value } } : said;
  }

  async #multiselect(choices: readonly Choice[], question: Question): Promise<Said> {
    const { multiselect } = this.#prompts;
    const options = choices.map((choice, at) => ({ value: at, ...shownChoice(choice) }));
    const problemsOf = problemsIn(question.schema);
    for (;;) {
      const chosen = await multiselect({
        message: harmless(question.message),
        options,
        required: false,
        signal: this.#signal,
      });
      const value = this.#said(chosen).map((at) => choices[at]?.value);
      if (value.length === 0 && !question.isRequired) return { isLeftOut: true };
      const problems = problemsOf(value);
      if (problems.length === 0) return { value };
      this.tell(problems.join("\n"));
    }
  }

  async #type(
    { message, schema, isRequired }: Question,
    { initial, read }: { initial?: string | undefined; read(text: string): unknown },
  ): Promise<Said> {
    const { text } = this.#prompts;
    const problemsOf = problemsIn(schema);
    const typed = await text({
      message: harmless(message),
      placeholder: isRequired ? "" : "empty leaves it out",
      ...(initial !== undefined && { initialValue: harmless(initial) }),
      signal: this.#signal,
      validate(given = "") {
        if (given === "" && !isRequired) return undefined;
        const problems = problemsOf(readOr(read, given));
        return problems.length === 0 ? undefined : oneLine(harmless(problems.join("; ")));
      },
    });
    const given = this.#said(typed) ?? "";
    return given === "" && !isRequired ? { isLeftOut: true } : { value: read(given) };
  }

  async #fields(fields: readonly FieldPlan[], { message, schema }: Question): Promise<Said> {
    const problemsOf = problemsIn(schema);
    this.#prompts.log.step(harmless(message));
    for (;;) {
      const value: Record<string, unknown> = {};
      for (const { name, question, isRequired, schema: inner, plan } of fields) {
        const said = await this.ask(plan, {
          message: isRequired ? question : `${question} (optional)`,
          schema: inner,
          isRequired,
        });
        if ("value" in said) value[name] = said.value;
      }
      const problems = problemsOf(value);
      if (problems.length === 0) return { value };
      this.tell(problems.join("\n"));
    }
  }

  #said<T>(given: T): Exclude<T, symbol> {
    if (typeof given === "symbol" || this.#signal.aborted) throw new PromptEnded();
    return given as Exclude<T, symbol>;
  }
}

const yesOrNo: readonly Choice[] = [
  { value: true, label: "Yes" },
  { value: false, label: "No" },
];

function shownChoice({ label, hint }: Choice): { label: string; hint?: string } {
  return { label: harmless(label), ...(hint !== undefined && { hint: harmless(hint) }) };
}

/** Text that cannot be read is no value of any schema. */
function readOr(read: (text: string) => unknown, text: string): unknown {
  try {
    return read(text);
  } catch (error) {
    return error instanceof Error ? new Unreadable(error.message) : undefined;
  }
}

class Unreadable {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

function problemsIn(schema: JsonSchema): (value: unknown) => string[] {
  const check = checkOf(schema);
  return (value) => {
    if (value instanceof Unreadable) return [`That is no JSON: ${value.reason}`];
    return typeof value === "number" && !Number.isFinite(value) ? ["That is no number"] : check(value);
  };
}

/** A schema that cannot be compiled refuses nothing here: the operation will say what is wrong with it. */
function checkOf(schema: JsonSchema): (value: unknown) => string[] {
  try {
    return compileJsonSchema(schema);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return () => [];
  }
}
