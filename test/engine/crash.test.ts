import { describe, expect, test } from "vitest";
import { committed, endState, scenario, scenarioResult, scenarioWorld } from "../../crash/scenario.ts";
import { drive, type Side } from "../../crash/simulated/drive.ts";
import { inLanes } from "../../crash/suites/suite.ts";
import { decodeValue } from "../../src/core/values.ts";
import { temporaryFolder } from "../helpers/engine.ts";

const lanes = 24;

async function runThrough(crashAt: (write: number) => Side | undefined) {
  const folder = temporaryFolder();
  const runs = new Map<string, number>();
  const before = new Map<string, number>();
  const { flow, others } = scenario((name) => runs.set(name, (runs.get(name) ?? 0) + 1));
  try {
    const { execution, last, writes, crashes } = await drive({
      folder: folder.path,
      flow,
      others,
      crashAt,
      world: scenarioWorld,
      onCrash(process, id) {
        for (const name of committed(process, id)) before.set(name, runs.get(name) ?? 0);
      },
    });
    const result = execution.status === "completed" && execution.result !== null ? decodeValue(execution.result) : null;
    const state = endState(last, execution.id);
    await last.close();
    // Several entries of one name run at different times.
    const repeated = [...before].filter(
      ([name, count]) => !/^(item|aside)$/.test(name) && (runs.get(name) ?? 0) !== count,
    );
    return { result, state, writes, crashes, runs, repeated };
  } finally {
    folder.remove();
  }
}

/** `npm run crash` does the same by SIGKILL, at every write and side. */
describe("a process that dies at its writes", () => {
  test("changes nothing in how the execution ends, and repeats no committed checkpoint", async () => {
    const uncrashed = await runThrough(() => undefined);
    expect(uncrashed.result).toEqual(scenarioResult);
    expect(uncrashed.writes).toBeGreaterThan(15);
    const sides: Side[] = ["before", "inside", "after"];
    const places = Array.from({ length: uncrashed.writes }, (_, i) => ({
      write: i + 1,
      side: sides[i % 3] ?? "after",
    }));
    let survived = 0;
    await inLanes(lanes, places, async ({ write, side }) => {
      const crashed = await runThrough((n) => (n === write ? side : undefined));
      const place = `${side} write ${write}`;
      expect(crashed.state, place).toEqual(uncrashed.state);
      expect(crashed.result, place).toEqual(uncrashed.result);
      expect(crashed.repeated, place).toEqual([]);
      for (const [name, count] of crashed.runs) {
        expect(count, `${name}, ${place}`).toBeLessThanOrEqual((uncrashed.runs.get(name) ?? 0) + 1);
      }
      survived += crashed.crashes;
    });
    expect(survived).toBeGreaterThanOrEqual(places.length - 4);
  });

  test("again and again makes no difference either", async () => {
    const uncrashed = await runThrough(() => undefined);
    let survived = 0;
    await inLanes(lanes, [0, 1, 2, 3, 4, 5, 6, 7], async (index) => {
      const every = 7 + index;
      const side = index % 2 === 0 ? "before" : "after";
      const crashed = await runThrough((write) => (write % every === 0 ? side : undefined));
      expect(crashed.state, `${side} every ${every}th`).toEqual(uncrashed.state);
      expect(crashed.repeated).toEqual([]);
      survived += crashed.crashes;
    });
    expect(survived).toBeGreaterThan(16);
  });
});
