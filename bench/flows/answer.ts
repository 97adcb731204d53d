import { checkpoint, flow, wait } from "savepoint";

const goOn = checkpoint("go-on", async () => process.hrtime.bigint());

/** Says at which instant of the machine it went on. */
export const answer = flow("answer", async () => {
  await wait({ name: "go" });
  return goOn();
});
