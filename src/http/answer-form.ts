import { htmlText } from "../core/html.ts";
import type { SchemaChoice } from "../core/schema-choices.ts";
import type { FormField, WaitForm } from "../tools/wait-form.ts";
import { escaped } from "./page-html.ts";

/** What was sent before and is to stand in the fields again. */
export type Sent = URLSearchParams;

/** Fields are numbered: their own names are the workflow's, and could be those of the page. */
const nameOf = (index: number) => `field-${index}`;

/** The fields of a form, and the buttons that send it, as HTML. */
export function controls(form: WaitForm, sent: Sent): { fields: string; buttons: string } {
  switch (form.kind) {
    case "go-on":
      return { fields: "", buttons: "<button>Go on</button>" };
    case "options":
      return {
        fields: `<label>Comment (optional)<textarea name="comment" rows="3">${escapedText(sent.get("comment"))}</textarea></label>`,
        buttons: choiceButtons("option", form.choices),
      };
    case "value":
      return isOfButtons(form.field)
        ? oneClick(form.field)
        : { fields: control(form.field, 0, sent), buttons: submitButton };
    case "fields":
      return {
        fields: form.fields.map((field, index) => control(field, index, sent)).join("\n"),
        buttons: submitButton,
      };
    case "json":
      return {
        fields: `<label>Answer, as JSON<textarea name="value" rows="8" required spellcheck="false">${escapedText(sent.get("value"))}</textarea></label>`,
        buttons: submitButton,
      };
    default:
      return form satisfies never;
  }
}

/**
 * What was filled in, by the names of the form's fields; an optional field that was left empty is left out.
 * @throws SyntaxError for what is to be JSON and is none
 */
export function contentOf(form: WaitForm, sent: Sent): Record<string, unknown> {
  switch (form.kind) {
    case "go-on":
      return {};
    case "options":
      return { option: sent.get("option") ?? undefined, comment: linesOf(sent.get("comment") ?? "") };
    case "value": {
      const { field } = form;
      return { [field.name]: typed(field, isOfButtons(field) ? sent.getAll("value") : sent.getAll(nameOf(0))) };
    }
    case "fields":
      return Object.fromEntries(
        form.fields.map((field, index) => [field.name, typed(field, sent.getAll(nameOf(index)))]),
      );
    case "json":
      return { value: JSON.parse(sent.get("value") ?? "") };
    default:
      return form satisfies never;
  }
}

/** A problem that is told by the name of a field, told by what the page calls it. */
export function inTitles(form: WaitForm, problem: string): string {
  const fields = form.kind === "fields" ? form.fields : [];
  for (const { name, title = name } of fields) {
    if (problem === `the field ${JSON.stringify(name)} is missing`) return `${title} is missing`;
    if (problem.startsWith(`${name}: `)) return title + problem.slice(name.length);
    if (problem.startsWith(`${name}.`)) return `${title}${problem.slice(problem.indexOf(": "))}`;
  }
  return problem;
}

const submitButton = "<button>Answer</button>";
/** It stands before buttons that mean something, so that the Enter key in a field presses none of them. */
const deafButton = "<button disabled hidden></button>";
const yesOrNo: readonly SchemaChoice[] = [
  { value: true, key: "true", label: "Yes", hint: undefined },
  { value: false, key: "false", label: "No", hint: undefined },
];
/** More are easier to choose from in a list. */
const mostButtons = 8;

function isOfButtons({ input }: FormField): boolean {
  return input.kind === "boolean" || (input.kind === "choice" && input.choices.length <= mostButtons);
}

function oneClick({ input, title }: FormField): { fields: string; buttons: string } {
  const choices = "choices" in input ? input.choices : yesOrNo;
  return { fields: title === undefined ? "" : `<p>${escaped(title)}</p>`, buttons: choiceButtons("value", choices) };
}

function choiceButtons(name: string, choices: readonly SchemaChoice[]): string {
  return [deafButton, ...choices.map((choice) => button(name, choice))].join("\n");
}

function button(name: string, { key, label, hint }: SchemaChoice): string {
  const title = hint === undefined ? "" : ` title="${escaped(hint)}"`;
  return `<button name="${name}" value="${escapedText(key)}"${title}>${escaped(label)}</button>`;
}

function control(field: FormField, index: number, sent: Sent): string {
  const { input, isRequired } = field;
  const name = nameOf(index);
  const heading = `${escaped(field.title ?? field.name)}${isRequired ? "" : " (optional)"}`;
  const note = field.description === undefined ? "" : `<span class="small"> ${escaped(field.description)}</span>`;
  const given = sent.has(name) ? sent.getAll(name) : defaultsOf(field);
  const required = isRequired ? " required" : "";
  switch (input.kind) {
    case "text":
    case "number":
      return `<label>${heading}${note}<input name="${name}" ${typeOf(field)}${limitsOf(field)} value="${escapedText(given[0] ?? "")}"${required}></label>`;
    case "boolean":
      return `<label>${heading}${note}${select(name, yesOrNo, { given, required })}</label>`;
    case "choice":
      return `<label>${heading}${note}${select(name, input.choices, { given, required })}</label>`;
    case "choices":
      return `<fieldset><legend>${heading}${note}</legend>${input.choices.map((choice) => checkbox(name, choice, given)).join("\n")}</fieldset>`;
    default:
      return input satisfies never;
  }
}

function select(
  name: string,
  choices: readonly SchemaChoice[],
  { given, required }: { given: string[]; required: string },
) {
  const options = choices.map(({ key, label }) => {
    const selected = given.includes(key) ? " selected" : "";
    return `<option value="${escapedText(key)}"${selected}>${escaped(label)}</option>`;
  });
  return `<select name="${name}"${required}><option value=""></option>${options.join("")}</select>`;
}

function checkbox(name: string, { key, label }: SchemaChoice, given: readonly string[]): string {
  const checked = given.includes(key) ? " checked" : "";
  return `<label class="inline"><input type="checkbox" name="${name}" value="${escapedText(key)}"${checked}> ${escaped(label)}</label>`;
}

function typeOf({ input, schema: { format, writeOnly, type } }: FormField): string {
  if (input.kind === "number") return `type="number" step="${type === "integer" ? "1" : "any"}"`;
  if (format === "password" || writeOnly === true) return 'type="password" autocomplete="off"';
  return format === "email" ? 'type="email"' : format === "date" ? 'type="date"' : 'type="text"';
}

/** So that a browser says what does not fit before it is sent. */
function limitsOf({ input, schema }: FormField): string {
  const limits = input.kind === "number" ? limitsOfNumbers : limitsOfText;
  return Object.entries(limits)
    .flatMap(([keyword, attribute]) => {
      const limit = schema[keyword];
      return typeof limit === "number" ? [` ${attribute}="${limit}"`] : [];
    })
    .join("");
}

const limitsOfNumbers = { minimum: "min", maximum: "max" };
const limitsOfText = { minLength: "minlength", maxLength: "maxlength" };

function defaultsOf({ schema }: FormField): string[] {
  const { default: value } = schema;
  const values: unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return values.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
}

/** What is no number goes on as text, for the wait to refuse. */
function typed({ input, isRequired }: FormField, texts: readonly string[]): unknown {
  const [text = ""] = texts;
  if (input.kind === "choices") return texts.length === 0 && !isRequired ? undefined : [...texts];
  if (text === "" && (!isRequired || input.kind !== "text")) return undefined;
  if (input.kind === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (input.kind === "boolean") return text === "true" ? true : text === "false" ? false : text;
  return input.kind === "text" ? linesOf(text) : text;
}

/** Browsers send lines as they did in 1995. */
function linesOf(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

/** Exactly as it is to come back, in an attribute or a text area. */
function escapedText(text: string | null): string {
  return htmlText(text ?? "");
}
