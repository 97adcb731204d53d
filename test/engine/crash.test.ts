import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  checkpoint,
  checkpointContext,
  executionId,
  flow,
  load,
  log,
  now,
  progress,
  save,
  sleep,
  uuid,
  wait,
} from "../../src/index.ts";
import { drive } from "../helpers/crashes.ts";
import { type TestEngine, temporaryFolder } from "../helpers/engine.ts";

/** A flow of all primitives, and how often the bodies of its checkpoints ran. */
function scenario() {
  const runs: Record<string, number> = {};
  const work = (name: string) =>
    checkpoint(name, async (input: unknown) => {
      runs[name] = (runs[name] ?? 0) + 1;
      progress({ stage: name });
      log({ [name]: "logged" });
      return { name, input };
    });
  const [draft, left, right, last] = [work("draft"), work("left"), work("right"), work("last")];
  const failing = checkpoint("failing", async () => {
    runs["failing"] = (runs["failing"] ?? 0) + 1;
    throw new TypeError("as always");
  });
  const flaky = checkpoint(
    "flaky",
    async () => {
      const { attempt } = checkpointContext();
      runs[`flaky ${attempt}`] = (runs[`flaky ${attempt}`] ?? 0) + 1;
      if (attempt === 1) throw new Error("the first time");
      await save("from the checkpoint", attempt);
      return attempt;
    },
    { retries: { max: 1, backoff: "1m" } },
  );
  const all = flow("all", async () => {
    const stamp = { id: uuid(), at: now() };
    log({ phase: "begun", counts: { a: 1 } });
    const text = await draft("tea");
    const parts = await Promise.all([left(text), right(text), sleep(5_000)]);
    await save("report", { stamp, parts });
    const caught = await failing().catch((error: Error) => [error.message, String(error.cause)]);
    const attempts = await flaky();
    const winner = await Promise.race([
      sleep("10d").then(() => "sleep"),
      wait({ name: "approve", schema: z.string() }),
    ]);
    await sleep("2h");
    log({ phase: "nearly done", counts: { b: 2 } });
    progress({ stage: "last" });
    const loaded = (await load(executionId(), "report")) as { stamp: unknown };
    const closing = await wait({ name: "close", timeout: "1d" });
    return {
      isStable: JSON.stringify(loaded.stamp) === JSON.stringify(stamp),
      caught,
      attempts,
      winner,
      closing,
      end: await last(parts),
    };
  });
  return { flow: all, runs };
}

const answerTo = (name: string) => `the answer to ${name}`;

/** What must be the same however often the process died. */
function endState(t: TestEngine, id: string) {
  const entries = t
    .entries(id)
    .map(({ kind, name, occurrence, status, argumentsHash, output, failure, attempt, metadata }) => {
      const outcome = kind === "value" || kind === "load" ? null : output;
      const hash = kind === "load" ? null : argumentsHash;
      return { kind, name, occurrence, status, hash, outcome, failure: failure?.message, attempt, metadata };
    });
  const { status, metadata, progress: last } = t.get(id);
  // A checkpoint that runs again saves again: of one name the newest wins.
  const artifacts = [...new Set(t.store.artifacts.list(t.get(id).seq).map(({ name }) => name))];
  return {
    status,
    metadata,
    last,
    entries: entries.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    artifacts,
  };
}

function committed(t: TestEngine, id: string | undefined): Set<string> {
  const done = id === undefined ? [] : t.entries(id).filter(({ position }) => position !== null);
  return new Set(done.map(({ name }) => name));
}

async function runThrough(crashAt: (write: number) => "before" | "after" | undefined) {
  const folder = temporaryFolder();
  const { flow: all, runs } = scenario();
  const repeated: string[] = [];
  const before = new Map<string, number>();
  try {
    const { execution, last, writes, crashes } = await drive({
      folder: folder.path,
      flow: all,
      crashAt,
      answerTo,
      onCrash(t, id) {
        for (const name of committed(t, id)) before.set(name, runs[name] ?? 0);
      },
    });
    const result = await last.result(execution.id);
    const state = endState(last, execution.id);
    await last.close();
    for (const [name, count] of before) if ((runs[name] ?? 0) !== count) repeated.push(name);
    return { result, state, writes, crashes, runs, repeated };
  } finally {
    folder.remove();
  }
}

describe("a process that dies at any of its writes", () => {
  test("changes nothing in how the execution ends, and repeats no committed checkpoint", async () => {
    const uncrashed = await runThrough(() => undefined);
    expect(uncrashed.result).toMatchObject({
      isStable: true,
      caught: ["checkpoint failing failed: as always", "TypeError: as always"],
      attempts: 2,
      winner: "the answer to approve",
      closing: "the answer to close",
    });
    expect(uncrashed.writes).toBeGreaterThan(15);
    const places = Array.from({ length: uncrashed.writes }, (_, i) => i + 1).flatMap((write) =>
      (["before", "after"] as const).map((side) => ({ write, side })),
    );
    let survived = 0;
    const check = async ({ write, side }: (typeof places)[number]) => {
      const crashed = await runThrough((n) => (n === write ? side : undefined));
      const place = `${side} write ${write}`;
      expect(crashed.state, place).toEqual(uncrashed.state);
      expect(crashed.result, place).toEqual(uncrashed.result);
      expect(crashed.repeated, place).toEqual([]);
      for (const [name, count] of Object.entries(crashed.runs)) {
        expect(count, `${name}, ${place}`).toBeLessThanOrEqual((uncrashed.runs[name] ?? 0) + 1);
      }
      survived += crashed.crashes;
    };
    await inLanes(24, places, check);
    expect(survived).toBeGreaterThanOrEqual(places.length - 4);
  });

  test("again and again makes no difference either", async () => {
    const uncrashed = await runThrough(() => undefined);
    let survived = 0;
    await inLanes(
      24,
      Array.from({ length: 8 }, (_, i) => i),
      async (index) => {
        const every = 7 + (index % 8);
        const side = index % 2 === 0 ? ("before" as const) : ("after" as const);
        const crashed = await runThrough((write) => (write % every === 0 ? side : undefined));
        expect(crashed.state, `${side} every ${every}th`).toEqual(uncrashed.state);
        expect(crashed.repeated).toEqual([]);
        survived += crashed.crashes;
      },
    );
    expect(survived).toBeGreaterThan(16);
  });
});

async function inLanes<T>(lanes: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
