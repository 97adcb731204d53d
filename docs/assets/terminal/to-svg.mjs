/**
 * Turns what a command wrote to a terminal into a picture of it:
 *
 *   (echo '$ savepoint list'; FORCE_COLOR=1 COLUMNS=80 savepoint list) | node docs/assets/terminal/to-svg.mjs > list.svg
 */
import { readFileSync } from "node:fs";

/** @type {Record<string, string>} */
const colours = { 31: "#f47067", 32: "#57ab5a", 33: "#daaa3f", 36: "#39c5cf" };
const column = 8.4;
const row = 20;
const margin = 16;

process.stdout.write(picture(readFileSync(0, "utf8").trimEnd().split("\n")));

/** @param {string[]} lines */
function picture(lines) {
  const columns = Math.max(80, ...lines.map((line) => [...withoutCodes(line)].length));
  const width = Math.ceil(columns * column + 2 * margin);
  const height = lines.length * row + 2 * margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(withoutCodes(lines[0] ?? ""))}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#22272e"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#cdd9e5">`,
    ...lines.map((line, at) => text(line, margin + (at + 0.75) * row)),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** @param {string} line @param {number} y */
function text(line, y) {
  // Every run of characters has a place of its own, so that the columns stand whatever the font is.
  let at = 0;
  const spans = runsOf(line).map(({ codes, characters }) => {
    const x = margin + at * column;
    const length = [...characters].length;
    at += length;
    const width = (length * column).toFixed(1);
    return characters.trim() === ""
      ? ""
      : `<tspan x="${x.toFixed(1)}" textLength="${width}"${attributes(codes)}>${escaped(characters)}</tspan>`;
  });
  return `<text xml:space="preserve" y="${y.toFixed(1)}">${spans.join("")}</text>`;
}

/**
 * Stretches of a line with the codes that are in force.
 * @param {string} line
 */
function runsOf(line) {
  /** @type {Set<string>} */
  const codes = new Set();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this file reads
  return line.split(/\x1b\[(?=[0-9;]*m)/).map((part, at) => {
    const [, code = "", rest = ""] = at === 0 ? ["", "", part] : (/^([0-9;]*)m(.*)$/.exec(part) ?? []);
    if (code === "22") for (const one of ["1", "2"]) codes.delete(one);
    else if (code === "39") for (const one of Object.keys(colours)) codes.delete(one);
    else if (code !== "") codes.add(code);
    return { codes: [...codes], characters: rest };
  });
}

/** @param {string[]} codes */
function attributes(codes) {
  const colour = codes.map((code) => colours[code]).find((one) => one !== undefined);
  return [
    colour === undefined ? "" : ` fill="${colour}"`,
    codes.includes("1") ? ` font-weight="bold"` : "",
    codes.includes("2") ? ` opacity="0.6"` : "",
  ].join("");
}

/** @param {string} line */
function withoutCodes(line) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this file reads
  return line.replace(/\x1b\[[0-9;]*m/g, "");
}

/** @param {string} characters */
function escaped(characters) {
  return characters.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
