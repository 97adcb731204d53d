import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { checkpoint, flow, sleep, wait } from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { delay, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();
const hourMs = 3_600_000;

describe("a race", () => {
  test.each(["sleep", "answer"])(
    "that the %s won has the same winner after a crash and a re-run hours later",
    async (winner) => {
      const clock = createClock();
      const seen: string[] = [];
      const racing = flow("racing", async () => {
        const first = await Promise.race([
          sleep(10_000).then(() => "sleep"),
          wait({ name: "approve" }).then(() => "answer"),
        ]);
        seen.push(first);
        await wait({ name: "hold" });
        return first;
      });
      const before = engines.open([racing], { clock });
      before.work();
      const { id } = await before.start(racing);
      await before.waiting(id);
      if (winner === "answer") await before.engine.answer(id, { wait: "approve", value: 1 });
      else clock.move(10_000);
      await before.asked(id, "hold");
      if (winner === "answer") clock.move(10_000);
      else await before.engine.answer(id, { wait: "approve", value: 1 });
      await until(() => before.entries(id).filter(({ position }) => position !== null).length === 2);
      await before.crash();

      clock.move(5 * hourMs);
      const after = engines.open([racing], { clock });
      after.work();
      await after.engine.answer(id, { wait: "hold", value: 1 });
      expect(await after.result(id)).toBe(winner);
      expect(new Set(seen)).toEqual(new Set([winner]));
      expect(seen.length).toBeGreaterThan(1);
    },
  );

  test.each([
    ["race", (branches: Promise<string>[]) => Promise.race(branches)],
    ["any", (branches: Promise<string>[]) => Promise.any(branches)],
  ])("between two checkpoints (Promise.%s) ends on the re-run as it ended first", async (_, choose) => {
    let runs = 0;
    const quick = { ms: 30 };
    const runner = checkpoint("runner", async (name: string, slow: boolean) => {
      runs++;
      await delay(slow ? quick.ms + 40 : quick.ms);
      return name;
    });
    const racing = flow("racing", async () => {
      const first = await choose([runner("tortoise", true), runner("hare", false)]);
      await wait({ name: "hold" });
      return first;
    });
    const before = engines.open([racing]);
    before.work({ leaseMs: 200 });
    const { id } = await before.start(racing);
    await until(() => before.entries(id).filter(({ position }) => position !== null).length === 2);
    await before.crash();
    quick.ms = 0;
    const after = engines.open([racing]);
    after.work();
    await after.engine.answer(id, { wait: "hold", value: 1 });
    expect(await after.result(id)).toBe("hare");
    expect(runs).toBe(2);
  });

  test("cancels the direct call that lost and fires its signal", async () => {
    const never = checkpoint("never", () => new Promise<string>(() => {}));
    const quick = checkpoint("quick", async () => "quick");
    const racing = flow("racing", async () => {
      const lost = never();
      await quick();
      return Promise.race([lost, quick()]);
    });
    const t = engines.open([racing]);
    t.work();
    const { id } = await t.start(racing);
    expect(await t.result(id)).toBe("quick");
    expect(t.entry(id, "never").status).toBe("cancelled");
  });
});

describe("branches of Promise.all", () => {
  test("that call the same checkpoints in another order on the re-run repeat none that finished", async () => {
    const runs: string[] = [];
    let reversed = false;
    const fetchPage = checkpoint("fetch", async (page: string) => {
      runs.push(page);
      return `<${page}>`;
    });
    const store = checkpoint("store", async (page: string) => {
      runs.push(`store ${page}`);
      return page;
    });
    const pages = ["a", "b", "c", "d"];
    const crawl = flow("crawl", async () => {
      const order = reversed ? [...pages].reverse() : pages;
      const stored = await Promise.all(order.map(async (page) => store(await fetchPage(page))));
      await wait({ name: "hold" });
      return [...stored].sort();
    });
    const t = engines.open([crawl]);
    t.work();
    const { id } = await t.start(crawl);
    await t.waiting(id);
    reversed = true;
    await t.engine.answer(id, { value: 1 });
    expect(await t.result(id)).toEqual(pages.map((page) => `<${page}>`));
    expect(runs.length).toBe(8);
    expect(t.events(id)).not.toContain("input_changed");
  });

  test("with a hundred calls of one name keep each its own result, twice", async () => {
    let runs = 0;
    const square = checkpoint("square", async (n: number) => {
      runs++;
      await delay(Math.random() * 5);
      return n * n;
    });
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const squares = flow("squares", async () => {
      const live = await Promise.all(numbers.map((n) => square(n)));
      await wait({ name: "hold" });
      return live;
    });
    const t = engines.open([squares]);
    t.work();
    const { id } = await t.start(squares);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    expect(await t.result(id)).toEqual(numbers.map((n) => n * n));
    expect(runs).toBe(100);
  });
});

test("an answer from another process between two checkpoints keeps its place on the re-run", async () => {
  const order: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const first = checkpoint("first", async () => "first");
  const second = checkpoint("second", () => gate.promise.then(() => "second"));
  const mixed = flow("mixed", async () => {
    const seen: string[] = [];
    order.push(seen);
    const note = (what: string) => () => void seen.push(what);
    await Promise.all([
      first().then(note("first")),
      second().then(note("second")),
      wait({ name: "approve" }).then(note("answer")),
    ]);
    await wait({ name: "hold" });
    return seen;
  });
  const t = engines.open([mixed]);
  t.work();
  const { id } = await t.start(mixed);
  await t.asked(id, "approve");
  await until(() => t.entry(id, "first").position !== null);
  const other = engines.open([]);
  await other.engine.answer(id, { wait: "approve", value: 1 });
  gate.resolve();
  await t.waiting(id);
  await t.engine.answer(id, { wait: "hold", value: 1 });
  expect(await t.result(id)).toEqual(["first", "answer", "second"]);
  expect(order).toEqual([
    ["first", "answer", "second"],
    ["first", "answer", "second"],
  ]);
});

test("arguments that differ on the re-run take their recorded entry, and an event says so", async () => {
  let runs = 0;
  let tick = 0;
  const stamp = checkpoint("stamp", async (_: number) => ++runs);
  const changing = flow("changing", async () => {
    const stamps = [await stamp(++tick), await stamp(++tick)];
    await wait({ name: "hold" });
    return stamps;
  });
  const t = engines.open([changing]);
  t.work();
  const { id } = await t.start(changing);
  await t.waiting(id);
  await t.engine.answer(id, { value: 1 });
  expect(await t.result(id)).toEqual([1, 2]);
  expect(runs).toBe(2);
  expect(t.events(id).filter((type) => type === "input_changed")).toHaveLength(2);
});

test("what the body no longer asks for is an event at the end", async () => {
  let again = false;
  const sometimes = checkpoint("sometimes", async () => 1);
  const fickle = flow("fickle", async () => {
    if (!again) await sometimes();
    await wait({ name: "hold" });
    return "done";
  });
  const t = engines.open([fickle]);
  t.work();
  const { id } = await t.start(fickle);
  await t.waiting(id);
  again = true;
  await t.engine.answer(id, { value: 1 });
  expect(await t.result(id)).toBe("done");
  expect(t.events(id)).toContain("entries_unused");
});

test.each([
  ["a timer", () => delay(20)],
  ["a file", () => readFile(new URL(import.meta.url))],
])("foreign awaits of %s between the calls change nothing, live and on the re-run", async (_, foreign) => {
  const order: string[][] = [];
  const step = checkpoint("step", async (name: string) => name);
  const awaiting = flow("awaiting", async () => {
    const seen: string[] = [];
    order.push(seen);
    await Promise.all([
      step("a").then(() => seen.push("a")),
      (async () => {
        await foreign();
        seen.push(await step("b"));
        await foreign();
        seen.push(await step("c"));
      })(),
    ]);
    seen.push(await Promise.race([wait({ name: "approve" }).then(() => "answer"), foreign().then(() => step("d"))]));
    await foreign();
    await wait({ name: "hold" });
    await foreign();
    return step("e");
  });
  const t = engines.open([awaiting]);
  t.work();
  const { id } = await t.start(awaiting);
  await t.asked(id, "hold");
  await t.waiting(id);
  await t.engine.answer(id, { wait: "hold", value: 1 });
  expect(await t.result(id)).toBe("e");
  expect(order).toEqual([
    ["a", "b", "c", "d"],
    ["a", "b", "c", "d"],
  ]);
});

test("a body that ends starts nothing more, though branches of it are still on their way", async () => {
  const ran: string[] = [];
  const step = checkpoint("step", async (name: string) => {
    ran.push(name);
    return name;
  });
  const leaving = flow("leaving", async () => {
    void step("a").then(() => step("after the end"));
    return step("b");
  });
  const t = engines.open([leaving]);
  t.work();
  const { id } = await t.start(leaving);
  await t.ended(id);
  await delay(80);
  expect(t.get(id).status).toBe("completed");
  expect(t.entries(id).every(({ status }) => status !== "running")).toBe(true);
  expect(ran.filter((name) => name === "b")).toHaveLength(1);
});
