import { displayWidth, fitted, oneLine } from "./terminal-text.ts";

export interface Column<Row> {
  readonly head: string;
  /** Plain text: it is measured and cut before it is painted. */
  text(row: Row): string;
  paint?(text: string, row: Row): string;
  /** May be cut where the table is wider than the terminal. */
  readonly shrinks?: boolean;
  readonly right?: boolean;
}

export interface Page {
  readonly width: number;
  readonly style: { dim(text: string): string };
}

const gap = 2;
const leastWidth = 4;

/** A table without borders that fits the width; columns that are empty in every row are left out. */
export async function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], page: Page): Promise<string> {
  const { default: CliTable } = await import("cli-table3");
  const cells = columns.map((column) => rows.map((row) => oneLine(column.text(row))));
  const shown = columns.flatMap((column, at) => {
    const texts = cells[at] ?? [];
    if (texts.every((text) => text === "")) return [];
    return [{ column, texts, width: Math.max(...[column.head, ...texts].map(displayWidth)) }];
  });
  const widths = shrunk(
    shown.map(({ width, column }) => ({ width, shrinks: column.shrinks === true })),
    page.width,
  );
  const result = new CliTable({
    chars: noBorders,
    style: { "padding-left": 0, "padding-right": gap, head: [], border: [] },
    head: shown.map(({ column }) => page.style.dim(column.head)),
    colWidths: widths.map((width) => width + gap),
    colAligns: shown.map(({ column }) => (column.right === true ? "right" : "left")),
  });
  for (const [at, row] of rows.entries()) {
    result.push(
      shown.map(({ column, texts }, place) => {
        const text = fitted(texts[at] ?? "", widths[place] ?? 0);
        return column.paint?.(text, row) ?? text;
      }),
    );
  }
  return withoutTrailingBlanks(result.toString());
}

/** The widest columns that may be cut give way first. */
export function shrunk(columns: readonly { width: number; shrinks: boolean }[], room: number): number[] {
  const widths = columns.map(({ width }) => width);
  // The last column needs no gap behind it.
  const over = () => widths.reduce((sum, width) => sum + width + gap, 0) - gap - room;
  while (over() > 0) {
    const [widest] = columns
      .map(({ shrinks }, at) => ({ at, width: shrinks ? (widths[at] ?? 0) : 0 }))
      .sort((a, b) => b.width - a.width);
    if (widest === undefined || widest.width <= leastWidth) break;
    widths[widest.at] = widest.width - 1;
  }
  return widths;
}

function withoutTrailingBlanks(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const noBorders = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid", "middle"]
    .flatMap((side) => [side, `${side}-left`, `${side}-right`, `${side}-mid`])
    .concat("mid-mid")
    .map((side) => [side, ""]),
);
