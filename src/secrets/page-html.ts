import { createHash } from "node:crypto";
import { htmlText, visibleText } from "../core/html.ts";

/** What the person who is asked gets to read. */
export interface FormText {
  name: string;
  keys: readonly string[];
  /** What the program that asks calls itself. */
  program: string;
  /** The folder of the project. */
  project: string;
  /** Null: every workflow may read the secret. */
  workflows: readonly string[] | null;
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 10vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin: 1rem 0; font-family: ui-monospace, monospace; }
input { display: block; box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .5rem; font: inherit; }
button { padding: .5rem 1.25rem; font: inherit; }
.small { font-size: .85rem; opacity: .8; }
.problem { border-left: .25rem solid #c33; padding-left: .75rem; }
`;

/** Nothing may be loaded, run or framed; the form may go back to this page alone. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join("; ");

/** The name of the field for the key at this place; keys themselves are no names of fields. */
export function fieldOf(index: number): string {
  return `value-${index}`;
}

export function formPage({ name, keys, program, project, workflows }: FormText, problems: readonly string[]): string {
  const readers = workflows === null ? "Every workflow" : `Only ${workflows.map(strong).join(", ")}`;
  return page(
    `Secret ${name}`,
    [
      `<p>The program that calls itself ${strong(program)} asks for the values of a secret in the project ${strong(project)}.`,
      "What you type here goes to Savepoint on this machine and nowhere else: neither that program nor its model sees it.</p>",
      `<p>${readers} of the project may read it.</p>`,
      problems.length === 0
        ? ""
        : `<div class="problem"><p>Nothing was stored yet:</p><ul>${problems.map(item).join("")}</ul></div>`,
      '<form method="post" autocomplete="off">',
      ...keys.map(field),
      "<p><button>Store</button></p></form>",
      '<p class="small">You did not ask for this? Close the page, and nothing is stored. Values of several lines, such as keys in PEM form, are taken from files: ',
      `<code>savepoint secrets set ${escaped(name)} --from-file KEY=path</code>.</p>`,
    ].join("\n"),
  );
}

export function messagePage(title: string, sentences: readonly string[]): string {
  return page(title, sentences.map((sentence) => `<p>${escaped(sentence)}</p>`).join("\n"));
}

function field(key: string, index: number): string {
  const quiet = 'autocomplete="off" autocapitalize="off" spellcheck="false" required';
  return `<label>${escaped(key)}<input type="password" name="${fieldOf(index)}" ${quiet}${index === 0 ? " autofocus" : ""}></label>`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)} · Savepoint</title><style>${style}</style></head>
<body><h1>${escaped(title)}</h1>
${body}
</body></html>
`;
}

function item(text: string): string {
  return `<li>${escaped(text)}</li>`;
}

/** Set apart, so that no text turns the direction of what stands around it. */
function strong(text: string): string {
  return `<strong><bdi>${escaped(text)}</bdi></strong>`;
}

function escaped(text: string): string {
  const visible = visibleText(text);
  return htmlText(visible.length > 200 ? `${visible.slice(0, 200)}…` : visible);
}
