import { appendFileSync, existsSync } from "node:fs";
import { checkpoint, flow, log, progress, save, wait } from "../../src/index.ts";

export interface HeldInput {
  /** The folder of the notes and gates. */
  folder: string;
}

const held = checkpoint("held", async (folder: string) => {
  note(folder, `began ${process.pid}`);
  await gate(folder, `gate-${process.pid}`);
  log({ pid: process.pid });
  progress({ stage: `process ${process.pid}` });
  await save("from the checkpoint", process.pid);
  return process.pid;
});
const after = checkpoint("after", async (folder: string) => {
  note(folder, `after ${process.pid}`);
  return process.pid;
});

/** Its first checkpoint lasts until the gate of the process that runs it is opened. */
const holding = flow("holding", async ({ folder }: HeldInput) => {
  const first = await held(folder);
  await save("from the flow", first);
  return [first, await after(folder)];
});

/** Asks one thing, then another: while the second is open the execution has not ended. */
const asking = flow("asking", async ({ timeoutMs }: { timeoutMs: number | null }) => {
  const first = await wait({ name: "first", ...(timeoutMs !== null && { timeout: timeoutMs }) }).then(
    (answer) => ({ answer }),
    (error: Error) => ({ ended: error.name }),
  );
  await wait({ name: "second" });
  return first;
});

const quick = flow("quick", async ({ folder }: HeldInput) => {
  await after(folder);
  return "done";
});

const text = "x".repeat(20_000);
const large = checkpoint("large", async (number: number) => text + number);

/** Writes far more than a small disk holds, and tells of every error that reaches it. */
const filling = flow("filling", async ({ folder, checkpoints }: HeldInput & { checkpoints: number }) => {
  try {
    for (let number = 0; number < checkpoints; number++) await large(number);
    return "done";
  } catch (error) {
    note(folder, `caught ${String(error)}`);
    throw error;
  }
});

export const memberFlows = { holding, asking, quick, filling };

function note(folder: string, line: string): void {
  appendFileSync(`${folder}/notes`, `${line}\n`);
}

async function gate(folder: string, name: string): Promise<void> {
  while (!existsSync(`${folder}/${name}`)) await new Promise((resolve) => setTimeout(resolve, 5));
}
