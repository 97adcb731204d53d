import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeProgram } from "../programs/generator.ts";
import { randomOf } from "../programs/random.ts";
import type { Program, Step } from "../programs/steps.ts";

const programs = fileURLToPath(new URL("../programs/", import.meta.url));
const longestSleepMs = 1_500;

export const target = "flows/program.ts:program";

/** Writes a project whose one flow is the one that all programs share, as a user would have it. */
export function writeProject(root: string): void {
  for (const folder of ["lib", "flows"]) mkdirSync(join(root, folder));
  for (const file of ["flow.ts", "observer.ts", "steps.ts"]) {
    const text = readFileSync(join(programs, file), "utf8");
    writeFileSync(join(root, "lib", file), text.replace("../../src/index.ts", "savepoint"));
  }
  writeFileSync(
    join(root, "flows/program.ts"),
    `import { programFlow } from "../lib/flow.ts";
export const program = programFlow({ body: () => ({ saw() {} }), ran() {}, isMended: () => true });
`,
  );
}

/** The program of a seed, without what takes hours where the clock is the real one. */
export function realTimeProgram(seed: number): Program {
  const { steps, end } = makeProgram(randomOf(seed));
  return { steps: steps.map(inRealTime), end: end === "overdue" || end === "mended" ? "returns" : end, round: 0 };
}

function inRealTime(step: Step): Step {
  switch (step.op) {
    case "sleep":
      return { ...step, ms: Math.min(step.ms, longestSleepMs) };
    case "deadline":
      return { op: "abort", name: step.name.replace("d", "a") };
    case "all":
    case "race":
      return { ...step, branches: step.branches.map((branch) => branch.map(inRealTime)) };
    case "loop":
    case "tried":
      return { ...step, body: step.body.map(inRealTime) };
    case "child":
      return { ...step, steps: step.steps.map(inRealTime) };
    default:
      return step;
  }
}
