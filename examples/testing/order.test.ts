import { checkpoint, checkpointContext, flow, sleep } from "savepoint";
import { everyCrashPoint, openTestEngine } from "savepoint/testing";
import { expect, test } from "vitest";

/** Stands for a payment service that drops repeated requests. */
class Payments {
  readonly #charges = new Map<string, number>();

  charge(key: string, amount: number): void {
    this.#charges.set(key, amount);
  }

  get total(): number {
    return [...this.#charges.values()].reduce((sum, amount) => sum + amount, 0);
  }
}

let payments = new Payments();

const charge = checkpoint("charge", async (amount: number) => {
  payments.charge(checkpointContext().idempotencyKey, amount);
});

const subscribe = flow("subscribe", async (amount: number) => {
  for (let month = 1; month <= 3; month++) {
    await charge(amount);
    if (month < 3) await sleep("30d");
  }
  return "paid";
});

test("nobody is charged twice, wherever the process dies", async () => {
  const { survived } = await everyCrashPoint({
    engine: () => {
      payments = new Payments();
      return { flows: [subscribe], autoAdvance: true };
    },
    run: async (t) => (await t.run(subscribe, 20)).result(),
    check(result) {
      expect(result).toBe("paid");
      expect(payments.total).toBe(60);
    },
  });
  expect(survived).toBeGreaterThan(10);
});

test("a crash between two payments delays nothing", async () => {
  payments = new Payments();
  await using t = openTestEngine({ flows: [subscribe] });
  const run = await t.run(subscribe, 20);
  await t.advance("29d");
  await t.crash();
  await t.advance("1d");
  expect(payments.total).toBe(40);
  await t.advance("30d");
  expect(await run.result()).toBe("paid");
});
