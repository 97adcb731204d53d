import type { Measures } from "./measures.ts";

export interface Run extends Measures {
  node: string;
  cpus: number;
  seconds: number;
}

interface Line {
  measure: keyof Measures;
  title: string;
  goal?: { text: string; met(value: number): boolean };
}

const lines: Line[] = [
  { measure: "sequential", title: "sequential, engine (checkpoints/s)" },
  { measure: "prototype_sequential", title: "sequential, prototype (checkpoints/s)" },
  { measure: "ratio_sequential", title: "sequential, engine / prototype", goal: atLeast(0.6) },
  { measure: "grouped", title: "50 at a time, engine (checkpoints/s)" },
  { measure: "prototype_grouped", title: "50 at a time, prototype (checkpoints/s)" },
  { measure: "ratio_grouped", title: "50 at a time, engine / prototype", goal: atLeast(0.4) },
  { measure: "latency_p50_ms", title: "one-checkpoint execution, p50 (ms)", goal: below(2) },
  { measure: "latency_p99_ms", title: "one-checkpoint execution, p99 (ms)", goal: below(10) },
  { measure: "prototype_latency_p50_ms", title: "the same, prototype, p50 (ms)" },
  { measure: "prototype_latency_p99_ms", title: "the same, prototype, p99 (ms)" },
];

/** `judged`: whether the sizes were large enough to say that a goal was met. */
export function table(run: Run, { judged }: { judged: boolean }): string {
  const rows = lines.map(({ measure, title, goal }) => {
    const value = run[measure];
    const verdict = judged && goal !== undefined ? (goal.met(value) ? "met" : "MISSED") : "";
    const columns = [
      title.padEnd(42),
      value.toLocaleString("en").padStart(10),
      " ",
      goal?.text.padEnd(8) ?? "",
      verdict,
    ];
    return columns.join(" ").trimEnd();
  });
  const heading = `${"measure".padEnd(42)} ${"median".padStart(10)}   goal`;
  const footer = `Node ${run.node}, ${run.cpus} CPUs, ${run.seconds} s; every checkpoint found on the record once.`;
  return [heading, ...rows, "", footer].join("\n");
}

function atLeast(least: number) {
  return { text: `>= ${least}`, met: (value: number) => value >= least };
}

function below(most: number) {
  return { text: `< ${most}`, met: (value: number) => value < most };
}
