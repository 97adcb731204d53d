import { afterEach, describe, expect, test } from "vitest";
import { Delivery, quietMs } from "../../src/engine/activation/delivery.ts";
import { delay, until } from "../helpers/engine.ts";

const open: Delivery[] = [];
afterEach(() => {
  for (const delivery of open.splice(0)) delivery.stop();
});

function begin(onIdle: () => void = () => {}): Delivery {
  const delivery = new Delivery({ onIdle });
  open.push(delivery);
  return delivery;
}

describe("recorded settlements", () => {
  test("are delivered in the order of their positions, whatever the order of the calls", async () => {
    const delivery = begin();
    const seen: number[] = [];
    for (const position of [1, 2, 3]) delivery.record(position, position * 10);
    for (const ordinal of [30, 10, 20]) delivery.ask(ordinal, () => void seen.push(ordinal));
    await until(() => seen.length === 3);
    expect(seen).toEqual([10, 20, 30]);
    expect(delivery.frontier).toBe(3);
  });

  test("are delivered one by one, after all microtasks that the last one caused", async () => {
    const delivery = begin();
    const seen: string[] = [];
    delivery.record(1, 1);
    delivery.record(2, 2);
    delivery.ask(1, () => {
      void (async () => {
        for (let i = 0; i < 100; i++) await Promise.resolve();
        seen.push("drained");
      })();
    });
    delivery.ask(2, () => void seen.push("second"));
    await until(() => seen.length === 2);
    expect(seen).toEqual(["drained", "second"]);
  });

  test("wait for one that takes its time to reach the body", async () => {
    const delivery = begin();
    const seen: string[] = [];
    delivery.record(1, 1);
    delivery.record(2, 2);
    delivery.ask(1, async () => {
      await delay(quietMs * 2);
      seen.push("slow");
    });
    delivery.ask(2, () => void seen.push("second"));
    await until(() => seen.length === 2);
    expect(seen).toEqual(["slow", "second"]);
  });

  test("wait for a lower one that nobody asked for until the body is quiet", async () => {
    const delivery = begin();
    const seen: string[] = [];
    delivery.record(1, 1);
    delivery.record(2, 2);
    delivery.ask(2, () => void seen.push("second"));
    setTimeout(() => delivery.ask(1, () => void seen.push("first")), quietMs / 3);
    await until(() => seen.length === 2);
    expect(seen).toEqual(["first", "second"]);
  });

  test("that were passed over are delivered when they are asked for, lowest first", async () => {
    const delivery = begin();
    const seen: number[] = [];
    for (const position of [1, 2, 3]) delivery.record(position, position);
    delivery.ask(3, () => void seen.push(3));
    await until(() => seen.length === 1);
    delivery.ask(2, () => void seen.push(2));
    delivery.ask(1, () => void seen.push(1));
    await until(() => seen.length === 3);
    expect(seen).toEqual([3, 1, 2]);
    expect(delivery.frontier).toBe(3);
  });

  test("of another process that have a lower position come first", async () => {
    const delivery = begin();
    const seen: number[] = [];
    delivery.record(2, 2);
    delivery.record(1, 1);
    delivery.ask(2, () => void seen.push(2));
    delivery.ask(1, () => void seen.push(1));
    await until(() => seen.length === 2);
    expect(seen).toEqual([1, 2]);
  });
});

describe("held calls", () => {
  test("are released in call order, when everything recorded was delivered and the body is quiet", async () => {
    const delivery = begin();
    const seen: string[] = [];
    delivery.hold(() => seen.push("first held"));
    delivery.hold(() => seen.push("second held"));
    delivery.record(1, 1);
    delivery.ask(1, () => void seen.push("recorded"));
    await until(() => seen.length === 3);
    expect(seen).toEqual(["recorded", "first held", "second held"]);
  });
});

describe("a body", () => {
  test("is idle once nothing is left to deliver and it has called nothing for a while", async () => {
    let idleAt = 0;
    const delivery = begin(() => {
      idleAt ||= performance.now();
    });
    delivery.schedule();
    await delay(quietMs / 2);
    delivery.touch();
    const touchedAt = performance.now();
    await until(() => idleAt > 0);
    expect(idleAt - touchedAt).toBeGreaterThanOrEqual(quietMs - 2);
  });

  test("gets the same while after something was delivered to it", async () => {
    let idles = 0;
    const delivery = begin(() => idles++);
    delivery.ask(1, () => {});
    await delay(quietMs * 2);
    idles = 0;
    delivery.record(1, 1);
    delivery.pump();
    delivery.schedule();
    await delay(quietMs / 2);
    expect(idles).toBe(0);
  });

  test("hears nothing more once delivery was stopped", async () => {
    const delivery = begin();
    let settled = false;
    delivery.record(1, 1);
    delivery.ask(1, () => {
      settled = true;
    });
    delivery.stop();
    await delay(20);
    expect(settled).toBe(false);
  });
});

test("20,000 settlements are delivered in linear time, passed over ones included", async () => {
  const count = 20_000;
  const delivery = begin();
  let seen = 0;
  for (let i = 1; i <= count; i++) delivery.record(i, i);
  delivery.ask(count, () => void seen++);
  await until(() => seen === 1);
  const startedAt = performance.now();
  for (let i = 1; i < count; i++) delivery.ask(i, () => void seen++);
  await until(() => seen === count);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
