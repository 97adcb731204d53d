import { createHash } from "node:crypto";
import { htmlText, visibleText } from "../core/html.ts";

/** A page in full: no script, nothing from elsewhere. */
export interface Page {
  status: number;
  title: string;
  /** As HTML. */
  body: string;
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 38rem; margin: 8vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; }
.question { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.1rem; }
fieldset { border: 0; margin: 1rem 0; padding: 0; }
label, legend { display: block; margin-top: 1rem; }
.inline { display: inline-block; margin: .25rem 1rem .25rem 0; }
input:not([type="radio"]):not([type="checkbox"]), select, textarea { display: block; box-sizing: border-box; width: 100%; margin-top: .25rem; padding: .5rem; font: inherit; }
button { margin: .5rem .5rem 0 0; padding: .5rem 1.25rem; font: inherit; }
.small { font-size: .85rem; opacity: .8; }
.problem { border-left: .25rem solid #c33; padding-left: .75rem; }
`;

const headers = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; "),
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // The address is a key to the page; with no-referrer browsers would send no Origin with the form.
  "referrer-policy": "same-origin",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex",
};

export function pageResponse({ status, title, body }: Page): Response {
  const heading = escaped(title);
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${heading} · Savepoint</title><style>${style}</style></head>
<body><main><h1>${heading}</h1>
${body}
</main></body></html>
`;
  return new Response(html, { status, headers });
}

/** A page of sentences. */
export function messagePage(status: number, title: string, sentences: readonly string[]): Page {
  return { status, title, body: sentences.map((sentence) => `<p>${escaped(sentence)}</p>`).join("\n") };
}

/** One line of text, as a workflow or a person wrote it. */
export function escaped(text: string): string {
  return htmlText(visibleText(text));
}

/** The same with its lines. */
export function escapedLines(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map(escaped)
    .join("\n");
}

/** Set apart, so that no text turns the direction of what stands around it. */
export function strong(text: string): string {
  return `<strong><bdi>${escaped(text)}</bdi></strong>`;
}
