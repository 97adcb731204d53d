import { expect, test } from "vitest";
import { drive } from "../helpers/crashes.ts";
import { type TestEngine, temporaryFolder } from "../helpers/engine.ts";
import { answerTo, expectedOf, flowOf, hasStep, makeProgram, type Observed, randomOf } from "../helpers/programs.ts";

const programs = Number(process.env["PROGRAMS"] ?? 150);
const firstSeed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9));
const lanes = 25;
const mostCrashes = 6;

test(`${programs} random programs end as they must, through crashes at random writes`, async () => {
  const totals = { crashes: 0, bodies: 0, compared: 0 };
  let next = 0;
  const lane = async () => {
    while (next < programs) {
      const seed = firstSeed + next++;
      try {
        const one = await check(seed);
        totals.crashes += one.crashes;
        totals.bodies += one.bodies;
        totals.compared += one.compared;
      } catch (error) {
        throw new Error(`SEED=${seed} PROGRAMS=1: ${JSON.stringify(makeProgram(randomOf(seed)))}`, { cause: error });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  expect(totals.crashes).toBeGreaterThan(programs / 2);
  expect(totals.bodies).toBeGreaterThan(programs * 1.5);
  expect(totals.compared).toBeGreaterThan(programs * 2);
}, 120_000);

async function check(seed: number) {
  const random = randomOf(seed);
  const program = makeProgram(random);
  const { flow, observed } = flowOf(program);
  const folder = temporaryFolder();
  const committed = new Map<string, number>();
  let crashes = 0;
  try {
    const { execution, last } = await drive({
      folder: folder.path,
      flow,
      answerTo,
      crashAt() {
        if (crashes >= mostCrashes || random() > 0.12) return undefined;
        crashes++;
        return random() < 0.5 ? "before" : "after";
      },
      onCrash: (t, id) => noteLost(t, id, observed, committed),
    });
    const result = await last.result(execution.id);
    expect(blur(result, expectedOf(program)), "the result").toEqual(expectedOf(program));
    for (const [place, seen] of observed.seen)
      expect([...seen].length, `what ${place} saw in every run of the body`).toBeLessThanOrEqual(1);
    const entries = last.entries(execution.id);
    expect(entries.filter(({ status }) => status === "running" || status === "pending")).toEqual([]);
    const places = entries.map(({ kind, name, occurrence }) => `${kind} ${name}#${occurrence}`);
    expect(new Set(places).size, "occurrences are unique").toBe(places.length);
    // Where nothing lost a race, a checkpoint ran once for each of its entries and once more for each that a crash cut off.
    if (!hasStep(program, "race")) {
      for (const [key, count] of settledCounts(last, execution.id)) {
        expect(observed.runs.get(key), `how often ${key} ran`).toBe(count + (committed.get(key) ?? 0));
      }
    }
    await last.close();
    return { crashes, bodies: observed.bodies, compared: entries.length };
  } finally {
    folder.remove();
  }
}

/** Runs whose end was not on the record when the process died, and values that no one but that process ever saw. */
function noteLost(t: TestEngine, id: string | undefined, observed: Observed, lost: Map<string, number>): void {
  const recorded = new Set(id === undefined ? [] : t.entries(id).map(({ output }) => output));
  for (const [place, seen] of observed.seen) {
    const isLost = (what: string) => what.length === 36 && !recorded.has(JSON.stringify(what));
    observed.seen.set(place, new Set([...seen].filter((what) => !isLost(what))));
  }
  const settled = id === undefined ? new Map<string, number>() : settledCounts(t, id);
  for (const [key, count] of observed.runs) lost.set(key, count - (settled.get(key) ?? 0));
}

/** How many checkpoints of each name and argument have ended; what they give tells their argument. */
function settledCounts(t: TestEngine, id: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, name, position, output, failure } of t.entries(id)) {
    if (kind !== "checkpoint" || position === null || name === "flaky") continue;
    const key = output === null ? `caught(${failure?.message})` : String(JSON.parse(output));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** A wait with a deadline of a millisecond may end either way. */
function blur(result: unknown, expected: unknown): unknown {
  if (expected === "answered or expired")
    return ["expired", "answer to w0", "answer to w1"].includes(String(result)) ? expected : result;
  if (!Array.isArray(result) || !Array.isArray(expected)) return result;
  return result.map((item, i) => blur(item, expected[i]));
}
