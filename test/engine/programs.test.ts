import { expect, test } from "vitest";
import { programs } from "../../crash/suites/programs.ts";

const asked = Number(process.env["PROGRAMS"] ?? 60);
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9));

test(`${asked} random programs end as they must, through crashes at random writes`, async () => {
  const tally = await programs.run({ seed, programs: asked, kills: 0, say: () => {} });
  expect(tally.mismatches).toEqual([]);
  expect(tally.programs).toBe(asked);
  expect(tally.crashes).toBeGreaterThan(asked / 2);
  expect(tally.checkpoints).toBeGreaterThan(asked * 2);
  expect(tally.counts["bodies"]).toBeGreaterThan(asked * 1.5);
}, 120_000);
