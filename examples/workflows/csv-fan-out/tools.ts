import { readFile, realpath } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";

interface RatedRow {
  item: Record<string, string>;
  status: string;
  output: { category: string; sentiment: string } | null;
  error: { code: string; message: string } | null;
}

/** The rows of a CSV file of the project, each by the names of its columns. */
export async function readRows({ root, path }: { root: string; path: string }): Promise<Record<string, string>[]> {
  const file = await realpath(resolve(root, path));
  const way = relative(root, file);
  if (way.startsWith(`..${sep}`) || way === "..") throw new Error(`${path} is not in the project`);
  const [columns = [], ...rows] = parseCsv(await readFile(file, "utf8"));
  if (columns.length === 0) throw new Error(`${path} is empty: it needs a row of column names`);
  return rows.map((row, index) => {
    if (row.length > columns.length) {
      throw new Error(`row ${index + 1} of ${path} has ${row.length} fields, and there are ${columns.length} columns`);
    }
    return Object.fromEntries(columns.map((column, at) => [column, row[at] ?? ""]));
  });
}

/** The table with what the model said of each row; of a row that failed it says why. */
export function toTable({ rows }: { rows: RatedRow[] }): string {
  const columns = Object.keys(rows[0]?.item ?? {});
  const lines = rows.map(({ item, output, error }) => [
    ...columns.map((column) => item[column] ?? ""),
    output?.category ?? "",
    output?.sentiment ?? "",
    error?.message ?? "",
  ]);
  return [[...columns, "category", "sentiment", "error"], ...lines]
    .map((line) => `${line.map(field).join(",")}\n`)
    .join("");
}

/** Fields may stand in quotes, and then hold commas, line breaks, and quotes written twice (RFC 4180). */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const endRow = () => {
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  const fields = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  const source = text.replace(/^\uFEFF/, "");
  while (fields.lastIndex < source.length) {
    const at = fields.lastIndex;
    const [, quoted, plain = "", end = ""] = fields.exec(source) ?? [];
    if (fields.lastIndex === 0)
      throw new Error(`the quotes after character ${at} are not closed, or stand in a field without quotes`);
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ",") endRow();
    else if (fields.lastIndex === source.length) row.push("");
  }
  if (row.length > 0) endRow();
  return rows;
}

function field(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
