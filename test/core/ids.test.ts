import { expect, test } from "vitest";
import { newExecutionId } from "../../src/core/ids.ts";

test("ids of executions that are made together rise, and are told apart by what people type of them", () => {
  const ids = Array.from({ length: 500 }, newExecutionId);
  expect(new Set(ids.map((id) => id.slice(0, 13))).size).toBe(500);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("ids never run far ahead of the clock, however many are made", () => {
  const ids = Array.from({ length: 5_000 }, newExecutionId);
  const latest = Number.parseInt((ids.at(-1) ?? "").replace("-", "").slice(0, 12), 16);
  expect(latest).toBeLessThanOrEqual(Date.now() + 1_000);
  expect(new Set(ids).size).toBe(5_000);
  expect(ids.toSorted()).toEqual(ids);
});
