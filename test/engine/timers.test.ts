import { describe, expect, test } from "vitest";
import { Timers } from "../../src/engine/activation/timers.ts";
import { createClock } from "../../src/testing/clock.ts";

describe("timers", () => {
  test("fire in the order of their instants, and of their calls where these are equal", () => {
    const clock = createClock(0);
    const timers = new Timers(clock);
    const fired: number[] = [];
    for (const [ordinal, dueAt] of [30, 10, 20, 10].entries()) timers.block(ordinal, dueAt, () => fired.push(ordinal));
    timers.block(4, null, () => fired.push(4));
    expect([timers.size, timers.earliest()]).toEqual([5, 10]);
    clock.move(25);
    expect(fired).toEqual([1, 3, 2]);
    expect([timers.size, timers.earliest()]).toEqual([5, 30]);
    timers.unblock(0);
    clock.move(100);
    expect(fired).toEqual([1, 3, 2]);
    expect([timers.size, timers.earliest()]).toEqual([4, null]);
  });

  test("of the whole execution fire once and block nothing", () => {
    const clock = createClock(0);
    const timers = new Timers(clock);
    let fired = 0;
    timers.setDeadline(10, () => fired++);
    expect([timers.size, timers.earliest()]).toEqual([0, 10]);
    clock.move(20);
    clock.move(20);
    expect([fired, timers.earliest()]).toEqual([1, null]);
  });

  test("that were stopped never fire, and take no more", () => {
    const clock = createClock(0);
    const timers = new Timers(clock);
    let fired = 0;
    timers.block(1, 10, () => fired++);
    timers.stop();
    timers.block(2, 10, () => fired++);
    clock.move(20);
    expect([fired, timers.size]).toEqual([0, 0]);
  });

  test("by the ten thousand cost little", () => {
    const clock = createClock(0);
    const timers = new Timers(clock);
    const count = 10_000;
    let fired = 0;
    const startedAt = performance.now();
    for (let i = 0; i < count; i++) timers.block(i, 1 + ((i * 7_919) % count), () => fired++);
    for (let i = 0; i < 1_000; i++) clock.move(10);
    expect(fired).toBe(count);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
