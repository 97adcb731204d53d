import { appendFileSync, existsSync } from "node:fs";
import { checkpoint, executionId, flow } from "savepoint";

const lookEveryMs = 50;

let opened: Promise<void> | undefined;

/** Notes who began it at which instant of the machine, then lasts until the gate is there. */
const hold = checkpoint("hold", async (id: string, { began, gate }: { began: string; gate: string }) => {
  appendFileSync(began, `${id} ${process.pid} ${process.hrtime.bigint()}\n`);
  opened ??= untilThere(gate);
  await opened;
});

export const held = flow("held", async (files: { began: string; gate: string }) => {
  await hold(executionId(), files);
  return "let go";
});

async function untilThere(file: string): Promise<void> {
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
}
