import type { Figures, Line } from "./measure.ts";

/** Where and how long it ran. */
export interface Circumstances {
  node: string;
  cpus: number;
  seconds: number;
}

/** `judged`: whether the sizes were large enough to say that a goal was met. */
export function table(lines: readonly Line[], figures: Figures, run: Circumstances & { judged: boolean }): string {
  const width = Math.max(...lines.map(({ title }) => title.length));
  const rows = lines.map((line) => row(line, figures, { width, judged: run.judged }));
  const heading = `${"measure".padEnd(width)} ${"figure".padStart(10)}   goal`;
  // The titles tell the sizes of a full run.
  const notes = run.judged
    ? []
    : ["Smoke: everything was tiny, whatever the titles say, and no figure means anything."];
  const footer = `Node ${run.node}, ${run.cpus} CPUs, ${run.seconds} s; every count was right.`;
  return [heading, ...rows, "", ...notes, footer].join("\n");
}

function row({ key, title, goal }: Line, figures: Figures, { width, judged }: { width: number; judged: boolean }) {
  const value = figures[key] ?? Number.NaN;
  const verdict = judged && goal !== undefined ? (goal.met(value, figures) ? "met" : "MISSED") : "";
  const columns = [
    title.padEnd(width),
    value.toLocaleString("en").padStart(10),
    " ",
    goal?.text.padEnd(8) ?? "",
    verdict,
  ];
  return columns.join(" ").trimEnd();
}
