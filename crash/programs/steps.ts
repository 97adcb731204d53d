/** A small language of flows, so that a seed makes one and an oracle can say what it must result in. */
export type Step =
  | { op: "call"; name: string; arg: number }
  | { op: "flaky"; arg: number; fails: number }
  | { op: "caught"; arg: number }
  | { op: "slow"; arg: number }
  | { op: "submit"; name: string; arg: number; taken: boolean }
  | { op: "map"; args: number[]; concurrency: number }
  | { op: "product"; lefts: number[]; rights: number[]; concurrency: number }
  | { op: "broken map"; args: number[]; failing: number }
  | { op: "wait"; name: string; expires: boolean }
  | { op: "deadline"; name: string; hasDefault: boolean }
  | { op: "abort"; name: string }
  | { op: "sleep"; ms: number }
  | { op: "foreign" }
  | { op: "crossing"; name: string; args: [number, number, number] }
  | { op: "value" }
  | { op: "save"; name: string; arg: number }
  | { op: "log"; arg: number }
  | { op: "child"; steps: Step[]; taken: boolean }
  | { op: "tried"; body: Step[]; arg: number }
  | { op: "all"; branches: Step[][] }
  | { op: "race"; branches: Step[][] }
  | { op: "loop"; times: number; body: Step[] };

/** How a program's execution ends once its steps are done. */
export type End = "returns" | "throws" | "overdue" | "mended" | "continues";

/** What an execution of the one flow that all programs share is given. */
export interface Program {
  steps: Step[];
  end: End;
  /** How many runs with an empty journal were before this one. */
  round: number;
}

/** Every step of a program, those inside of others included. */
export function* allSteps(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    for (const inner of blocksOf(step)) yield* allSteps(inner);
  }
}

export function hasStep(steps: readonly Step[], op: Step["op"]): boolean {
  return [...allSteps(steps)].some((step) => step.op === op);
}

function blocksOf(step: Step): readonly Step[][] {
  switch (step.op) {
    case "all":
    case "race":
      return step.branches;
    case "loop":
    case "tried":
      return [step.body];
    case "child":
      return [step.steps];
    default:
      return [];
  }
}
