import { expect, test } from "vitest";
import { checkpoint, checkpointContext } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { llm } from "../../src/flows/llm.ts";
import { sleep } from "../../src/flows/sleep.ts";
import { wait } from "../../src/flows/wait.ts";
import { everyCrashPoint, mockModel, type TestEngine } from "../../src/testing/testing.ts";

/** A shop outside of the engine, which drops repeated orders where they carry a key. */
function shop() {
  const orders = new Map<string, string>();
  let calls = 0;
  return {
    orders,
    order(what: string, key?: string) {
      orders.set(key ?? `${what} ${++calls}`, what);
      return what;
    },
  };
}

test("a scenario with a model, a person, a sleep and a child survives a crash on both sides of every write", async () => {
  let store = shop();
  const buy = checkpoint("buy", async (what: string) => store.order(what, checkpointContext().idempotencyKey));
  const deliver = flow("deliver", async (what: string) => {
    await sleep("2d");
    return `${what} delivered`;
  });
  const purchase = flow("purchase", async () => {
    const idea = await llm("What to buy?", { name: "idea" });
    if ((await wait({ name: "approve" })) !== true) return "nothing";
    return (await deliver.run(await buy(idea))).result();
  });
  const { writes, survived } = await everyCrashPoint({
    engine: () => {
      store = shop();
      return { flows: [purchase, deliver], model: mockModel(() => "a boat"), autoAdvance: true };
    },
    async run(t) {
      const run = await t.run(purchase);
      await run.waitFor("approve");
      await run.answer(true);
      return { result: await run.result(), orders: [...store.orders.values()] };
    },
  });
  expect(writes).toBeGreaterThan(8);
  expect(survived).toBe(2 * writes);
});

test("an effect outside of a checkpoint is found", async () => {
  let store = shop();
  const approve = checkpoint("note", async () => "noted");
  const careless = flow("careless", async () => {
    store.order("a boat");
    return approve();
  });
  const scenario = {
    engine: () => {
      store = shop();
      return { flows: [careless] };
    },
    run: async (t: TestEngine) => (await t.run(careless)).result(),
    check: () => expect([...store.orders.values()]).toEqual(["a boat"]),
  };
  await expect(everyCrashPoint(scenario)).rejects.toThrow(
    /^the scenario has the wrong end state after a crash (before|after) write \d/,
  );
});

test("an effect without a key is found in a checkpoint too, where the crash comes before its end is on the record", async () => {
  let store = shop();
  const buy = checkpoint("buy", async () => store.order("a boat"));
  const buying = flow("buying", async () => buy());
  const scenario = {
    engine: () => {
      store = shop();
      return { flows: [buying] };
    },
    run: async (t: TestEngine) => ({ result: await (await t.run(buying)).result(), orders: store.orders.size }),
  };
  await expect(everyCrashPoint(scenario)).rejects.toThrow(
    /the end state after a crash before write \d+ is .*"orders":2/,
  );
});

test("a scenario that itself fails, or in which nothing can crash, says so", async () => {
  const failing = flow("failing", async () => {
    throw new Error("always");
  });
  const engine = () => ({ flows: [failing] });
  const run = async (t: TestEngine) => (await t.run(failing)).result();
  await expect(everyCrashPoint({ engine, run })).rejects.toThrow(/always/);
  await expect(everyCrashPoint({ engine, run: async () => 1 })).rejects.toThrow(/the scenario writes nothing/);
  let runs = 0;
  const quick = flow("quick", async () => 1);
  const once = {
    engine: () => ({ flows: [quick] }),
    run: async (t: TestEngine) => void (runs++ === 0 && (await t.run(quick))),
  };
  await expect(everyCrashPoint(once)).rejects.toThrow(/no crash came before write 1/);
});
