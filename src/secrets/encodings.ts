import { inspect } from "node:util";

/** Shorter texts are too common to be told from others. */
export const shortestPattern = 8;
/** Lines of a longer value, such as a PEM key, that are worth to be known by themselves. */
const shortestLine = 16;
/** Node.js prints so many bytes of a buffer. */
const longestShownBuffer = 50;

/** The forms in which a value commonly turns up in texts: as it is, escaped, in hexadecimal, in a URL, in base64. */
export function formsOf(value: string): string[] {
  const texts = [value, value.trim(), ...linesOf(value)];
  const forms = texts.flatMap((text) => {
    const plain = [text, ...escaped(text), ...urlEncoded(text)];
    // What is put into base64 is often JSON or a part of a URL.
    return [...plain, ...[...new Set(plain)].flatMap(inBase64), ...ofBytes(text)];
  });
  return [...new Set(forms)].filter((form) => form.length >= shortestPattern);
}

function linesOf(value: string): string[] {
  const lines = value.split(/\r?\n/);
  if (lines.length === 1) return [];
  return lines.map((line) => line.trim()).filter((line) => line.length >= shortestLine && !/\s|^-----/.test(line));
}

function escaped(text: string): string[] {
  const json = inJson(text);
  const forms = [json, inJson(json), json.replaceAll("/", "\\/"), inAscii(json), inspect(text).slice(1, -1)];
  return [...forms, text.replaceAll("'", "'\\''"), ...inMarkup(text)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As serializers write that keep to ASCII. */
function inAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function inMarkup(text: string): string[] {
  const markup = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [markup, markup.replaceAll('"', "&quot;").replaceAll("'", "&#39;"), markup.replaceAll('"', "&#34;")];
}

function urlEncoded(text: string): string[] {
  const component = encodeURIComponent(text.toWellFormed());
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ v: text }).toString().slice(2);
  const forms = [component, strict, form, encodeURI(text.toWellFormed()), inHref(text)];
  return [...forms, ...forms.map((one) => one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** As `new URL(…).href` writes it. */
function inHref(text: string): string {
  return new URL(`http://h/?${text.replaceAll("#", "%23")}`).search.slice(1);
}

/** Bytes in hexadecimal, with and without colons, and as numbers: what printed buffers and arrays of bytes look like. */
function ofBytes(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const shown = pairs.slice(0, longestShownBuffer).join("");
  return [pairs.join(""), pairs.join(":"), shown].flatMap((hex) => [hex, hex.toUpperCase()]).concat(bytes.join(","));
}

function inBase64(text: string): string[] {
  const bytes = Buffer.from(text, "utf8");
  const base64 = [0, 1, 2].map((offset) => base64Core(bytes, offset));
  return [...base64, ...base64.map((one) => one.replaceAll("+", "-").replaceAll("/", "_"))];
}

/**
 * The characters of base64 that the bytes alone decide when so many bytes stand before them: a value encoded together
 * with others (`user:password`) has one of three such cores, wherever it begins.
 */
function base64Core(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(first, end);
}
