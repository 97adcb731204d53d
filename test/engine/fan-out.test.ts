import { describe, expect, test } from "vitest";
import { checkpoint, flow, sleep, wait } from "../../src/index.ts";
import { selectorsOf } from "../../src/store/selectors.ts";
import { delay, type TestEngine, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

const selectors = (t: TestEngine, id: string) => {
  const entries = t.entries(id).filter(({ kind }) => kind === "checkpoint");
  const names = selectorsOf(entries);
  return entries.map(({ ordinal }) => names.get(ordinal));
};

describe("map", () => {
  test("answers the results in the order of the items, whichever ended first", async () => {
    const slow = checkpoint("slow", async (ms: number) => {
      await delay(ms);
      return `after ${ms}`;
    });
    const mapped = flow("mapped", async () => slow.map([30, 1, 15]));
    const t = engines.open([mapped]);
    t.work();
    const { id } = await t.start(mapped);
    expect(await t.result(id)).toEqual(["after 30", "after 1", "after 15"]);
    expect(selectors(t, id)).toEqual(["slow[0]", "slow[1]", "slow[2]"]);
  });

  test("runs no more at a time than it may", async () => {
    let running = 0;
    let most = 0;
    const busy = checkpoint("busy", async (item: number) => {
      most = Math.max(most, ++running);
      await delay(5);
      running--;
      return item;
    });
    const items = Array.from({ length: 20 }, (_, index) => index);
    const mapped = flow("mapped", async () => busy.map(items, { concurrency: 3 }));
    const t = engines.open([mapped]);
    t.work();
    expect(await t.run(mapped)).toEqual(items);
    expect(most).toBe(3);
  });

  test("begins nothing more after a failure, keeps what completed, and a retry runs only what is missing", async () => {
    const ran: number[] = [];
    let isBroken = true;
    const shaky = checkpoint("shaky", async (item: number) => {
      ran.push(item);
      if (item === 1 && isBroken) throw new Error("broken");
      return item * 10;
    });
    const mapped = flow("mapped", async () => shaky.map([0, 1, 2, 3], { concurrency: 1 }));
    const t = engines.open([mapped]);
    t.work();
    const { id } = await t.start(mapped);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { checkpoint: "shaky[1]" } });
    expect(ran).toEqual([0, 1]);
    isBroken = false;
    await t.engine.retry(id);
    expect(await t.result(id)).toEqual([0, 10, 20, 30]);
    expect(ran).toEqual([0, 1, 1, 2, 3]);
  });

  test("several at once over the same checkpoint keep their results apart, and none runs again after a wait", async () => {
    let runs = 0;
    const double = checkpoint("double", async (item: number) => {
      runs++;
      await delay(item % 3);
      return item * 2;
    });
    const mapped = flow("mapped", async () => {
      const both = await Promise.all([double.map([1, 2, 3]), sleep(2).then(() => double.map([4, 5, 6, 7]))]);
      await wait({ name: "hold" });
      return both;
    });
    const t = engines.open([mapped]);
    t.work();
    const { id } = await t.start(mapped);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    expect(await t.result(id)).toEqual([
      [2, 4, 6],
      [8, 10, 12, 14],
    ]);
    expect(runs).toBe(7);
    expect(new Set(selectors(t, id))).toEqual(
      new Set(["double[0]#1", "double[0]#2", "double[1]#1", "double[1]#2", "double[2]#1", "double[2]#2", "double[3]"]),
    );
  });

  test("goes on after a crash with what is missing", async () => {
    const ran: number[] = [];
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gated = checkpoint("gated", async (item: number) => {
      ran.push(item);
      if (item > 1) await gate;
      return item;
    });
    const mapped = flow("mapped", async () => gated.map([0, 1, 2, 3]));
    const first = engines.open([mapped]);
    first.work({ leaseMs: 50 });
    const { id } = await first.start(mapped);
    await until(() => first.entries(id).filter(({ status }) => status === "completed").length === 2);
    await first.crash();
    open();
    const second = engines.open([mapped]);
    second.work();
    expect(await second.result(id)).toEqual([0, 1, 2, 3]);
    expect(ran.toSorted()).toEqual([0, 1, 2, 2, 3, 3]);
  });

  test("an item can be the anchor of a replay and can be overridden", async () => {
    const double = checkpoint("double", async (item: number) => item * 2);
    const mapped = flow("mapped", async () => double.map([1, 2, 3], { concurrency: 1 }));
    const t = engines.open([mapped]);
    t.work();
    const { id } = await t.start(mapped);
    await t.ended(id);
    const replayed = await t.replay(id, { from: "double[2]", overrides: { "checkpoint.double[0]": 100 } });
    expect(await t.result(replayed.id)).toEqual([100, 4, 6]);
    const origins = t.entries(replayed.id).map(({ scope, origin }) => [scope, origin]);
    expect(Object.fromEntries(origins)).toEqual({
      "double[0]": "overridden",
      "double[1]": "replayed",
      "double[2]": "executed",
    });
  });

  test.each([
    ["what is no array", (step: ReturnType<typeof anything>) => step.map("abc" as never), /takes arrays; argument 1/],
    ["no concurrency", (step: ReturnType<typeof anything>) => step.map([1], { concurrency: 0 }), /1 or more/],
  ])("refuses %s", async (_, call, message) => {
    const step = anything();
    const mapped = flow("mapped", async () => call(step));
    const t = engines.open([mapped]);
    t.work();
    const { id } = await t.start(mapped);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { message: expect.stringMatching(message) } });
  });
});

const anything = () => checkpoint("anything", async (item: unknown) => item);

test("product calls it for each combination", async () => {
  const pair = checkpoint("pair", async (letter: string, number: number) => `${letter}${number}`);
  const crossed = flow("crossed", async () => [
    await pair.product(["a", "b"], [1, 2, 3], { concurrency: 2 }),
    await pair.product(["z"], []),
  ]);
  const t = engines.open([crossed]);
  t.work();
  const { id } = await t.start(crossed);
  expect(await t.result(id)).toEqual([["a1", "a2", "a3", "b1", "b2", "b3"], []]);
  expect(selectors(t, id)).toContain("pair[1,2]");
});

describe("submit", () => {
  test("goes on while the flow does, and gives its result when it is asked for", async () => {
    const order: string[] = [];
    const slow = checkpoint("slow", async (name: string) => {
      await delay(20);
      order.push(name);
      return name;
    });
    const quick = checkpoint("quick", async () => void order.push("quick"));
    const submitting = flow("submitting", async () => {
      const handle = slow.submit("slow");
      await quick();
      return handle.result();
    });
    const t = engines.open([submitting]);
    t.work();
    expect(await t.run(submitting)).toBe("slow");
    expect(order).toEqual(["quick", "slow"]);
  });

  test("is finished before the execution ends", async () => {
    const late = checkpoint("late", async () => {
      await delay(30);
      return "late";
    });
    const forgetful = flow("forgetful", async () => {
      late.submit();
      return "done";
    });
    const t = engines.open([forgetful]);
    t.work();
    const { id } = await t.start(forgetful);
    expect(await t.result(id)).toBe("done");
    expect(t.entry(id, "late")).toMatchObject({ status: "completed" });
  });

  test("fails the flow when nobody took its result, and not when somebody did", async () => {
    const fails = checkpoint("fails", async () => {
      throw new Error("in the background");
    });
    const careless = flow("careless", async () => {
      fails.submit();
      return "done";
    });
    const careful = flow("careful", async () => {
      const handle = fails.submit();
      return handle.result().catch((error: Error) => `caught: ${error.message}`);
    });
    const t = engines.open([careless, careful]);
    t.work();
    const { id } = await t.start(careless);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { checkpoint: "fails" } });
    expect(await t.run(careful)).toMatch(/caught: .*in the background/);
  });

  test("is cancelled when the flow throws", async () => {
    let signal: AbortSignal | undefined;
    const { checkpointContext } = await import("../../src/index.ts");
    const endless = checkpoint("endless", async () => {
      ({ signal } = checkpointContext());
      await new Promise(() => {});
    });
    const throwing = flow("throwing", async () => {
      endless.submit();
      await delay(10);
      throw new Error("enough");
    });
    const t = engines.open([throwing]);
    t.work();
    const { id } = await t.start(throwing);
    expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { message: "enough" } });
    expect(signal?.aborted).toBe(true);
    expect(t.entry(id, "endless")).toMatchObject({ status: "cancelled" });
  });

  test("survives a suspension: what was submitted before is not submitted again", async () => {
    let runs = 0;
    const counted = checkpoint("counted", async () => ++runs);
    const waiting = flow("waiting", async () => {
      const handle = counted.submit();
      await wait({ name: "hold" });
      return handle.result();
    });
    const t = engines.open([waiting]);
    t.work();
    const { id } = await t.start(waiting);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    expect(await t.result(id)).toBe(1);
    expect(runs).toBe(1);
  });
});
