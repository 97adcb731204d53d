import { checkpoint, flow, wait } from "savepoint";

const step = checkpoint("step", async (number: number) => ({ number, text: "The quick brown fox jumps over it." }));
const goOn = checkpoint("go-on", async (_wake: number) => process.hrtime.bigint());

/** Waits again and again on top of a long record, and says at which instants of the machine it went on. */
export const wake = flow("wake", async ({ checkpoints, wakes }: { checkpoints: number; wakes: number }) => {
  for (let number = 1; number <= checkpoints; number++) await step(number);
  const instants: bigint[] = [];
  for (let number = 1; number <= wakes; number++) {
    await wait({ name: "go" });
    instants.push(await goOn(number));
  }
  return instants;
});
