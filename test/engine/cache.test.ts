import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkpoint, continueAsNew, flow, wait } from "../../src/index.ts";
import { clean } from "../../src/store/clean.ts";
import { parseReference } from "../../src/store/payloads.ts";
import { drive } from "../helpers/crashes.ts";
import { type AnyFlow, type TestEngine, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

/** A flow of one cached checkpoint, which answers its input and how often it has run. */
function counting() {
  const ran: unknown[] = [];
  const count = checkpoint("count", async (input: unknown) => `${String(input)} ${ran.push(input)}`, {
    cache: true,
    type: "llm_call",
  });
  return { count, counted: flow("counted", async (input: unknown) => count(input)), ran };
}

/** A flow of one cached checkpoint whose output, of this length, lies in a blob. */
function long(text: () => string) {
  let runs = 0;
  const fetchPage = checkpoint(
    "fetch_page",
    async () => {
      runs++;
      return text().repeat(40_000);
    },
    { cache: true },
  );
  return { fetching: flow("fetching", async () => fetchPage()), fetchPage, runs: () => runs };
}

async function ended(t: TestEngine, flow: AnyFlow, input?: unknown, version?: string) {
  const { id } = await t.start(flow, input, version === undefined ? {} : { version });
  const result = await t.result(id);
  return { id, result, origins: origins(t, id) };
}

const origins = (t: TestEngine, id: string) =>
  t.entries(id).flatMap(({ kind, origin }) => (kind === "checkpoint" ? [origin] : []));

function blobPath(t: TestEngine, id: string): string {
  const [entry] = t.entries(id);
  const { sha256 } = parseReference(entry?.output ?? "") ?? { sha256: "" };
  return join(t.folder, "blobs", sha256.slice(0, 2), sha256);
}

describe("a cached checkpoint", () => {
  test("takes the output of an equal call of an earlier execution, in one row that settles like one that ran", async () => {
    const { counted, ran } = counting();
    const t = engines.open([counted]);
    t.work();
    const first = await ended(t, counted, "tea");
    expect(first).toMatchObject({ result: "tea 1", origins: ["executed"] });
    const second = await ended(t, counted, "tea");
    expect(second).toMatchObject({ result: "tea 1", origins: ["cached"] });
    expect(ran).toEqual(["tea"]);
    expect(t.entry(second.id, "count")).toMatchObject({
      status: "completed",
      position: 1,
      attempt: 1,
      type: "llm_call",
    });
    expect(t.events(second.id)).toEqual([
      "execution_created",
      "execution_started",
      "checkpoint_cached",
      "execution_completed",
    ]);
    const told = t.store.reader().prepare("SELECT data FROM events WHERE type = 'checkpoint_cached'").pluck().all();
    expect(told).toEqual([JSON.stringify({ execution_id: first.id })]);
  });

  test("runs where the arguments, the name or the version of the code are others", async () => {
    const { counted, ran } = counting();
    const other = checkpoint("other", async (input: unknown) => `other ${String(input)}`, { cache: true });
    const otherwise = flow("otherwise", async (input: unknown) => other(input));
    const t = engines.open([counted, otherwise]);
    t.work();
    await ended(t, counted, "tea");
    expect(await ended(t, counted, "coffee")).toMatchObject({ result: "coffee 2", origins: ["executed"] });
    expect(await ended(t, counted, "tea", "edited")).toMatchObject({ result: "tea 3", origins: ["executed"] });
    expect(await ended(t, otherwise, "tea")).toMatchObject({ result: "other tea", origins: ["executed"] });
    expect(await ended(t, counted, "tea")).toMatchObject({ result: "tea 1", origins: ["cached"] });
    expect(await ended(t, counted, "tea", "edited")).toMatchObject({ result: "tea 3", origins: ["cached"] });
    expect(ran).toHaveLength(3);
  });

  test("is not cached unless it or its flow says so, and the checkpoint's own word holds", async () => {
    const make = (name: string, options: { cache?: boolean }) => checkpoint(name, async () => name, options);
    const [unsaid, on, off] = [make("unsaid", {}), make("on", { cache: true }), make("off", { cache: false })];
    const body = async () => [await unsaid(), await on(), await off()];
    const [plain, cached] = [flow("plain", body), flow("cached", body, { cache: true })];
    const t = engines.open([plain, cached]);
    t.work();
    await ended(t, plain);
    expect(await ended(t, plain)).toMatchObject({ origins: ["executed", "cached", "executed"] });
    expect(await ended(t, cached)).toMatchObject({ origins: ["executed", "cached", "executed"] });
    expect(await ended(t, cached)).toMatchObject({ origins: ["cached", "cached", "executed"] });
  });

  test("that failed leaves nothing behind, and one that failed at first leaves its output", async () => {
    let runs = 0;
    const shaky = checkpoint(
      "shaky",
      async () => {
        if (++runs <= 2) throw new Error("broken");
        return runs;
      },
      { cache: true },
    );
    const trying = flow("trying", async () => shaky());
    const t = engines.open([trying]);
    t.work();
    const failed = await t.start(trying);
    expect(await t.ended(failed.id)).toMatchObject({ status: "failed" });
    expect(await t.ended((await t.start(trying)).id)).toMatchObject({ status: "failed" });
    await t.engine.retry(failed.id);
    expect(await t.result(failed.id)).toBe(3);
    expect(await ended(t, trying)).toMatchObject({ result: 3, origins: ["cached"] });
  });

  test("is cached in map, product and submit as well, and twice in one execution", async () => {
    const { count, ran } = counting();
    const many = flow("many", async () => {
      const submitted = count.submit("b");
      const mapped = await count.map(["a", "c"]);
      return [await submitted.result(), mapped, await count.product(["a", "d"]), await count("d")];
    });
    const t = engines.open([many]);
    t.work();
    const first = await ended(t, many);
    expect(ran.toSorted()).toEqual(["a", "b", "c", "d"]);
    const second = await ended(t, many);
    expect(second.result).toEqual(first.result);
    expect(second.origins).toEqual(Array(6).fill("cached"));
    expect(ran).toHaveLength(4);
  });

  test("that two executions run at the same time gives each its own output, and later ones the first that came", async () => {
    const gates = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    let begun = 0;
    const slow = checkpoint("slow", () => gates[begun++]?.promise, { cache: true });
    const slowly = flow("slowly", async () => slow());
    const [one, other] = [engines.open([slowly]), engines.open([slowly])];
    one.work({ concurrency: 1 });
    const { id: early } = await one.start(slowly);
    await until(() => begun === 1);
    other.work();
    const { id: late } = await other.start(slowly);
    await until(() => begun === 2);
    gates[1]?.resolve("from the second");
    expect(await other.result(late)).toBe("from the second");
    gates[0]?.resolve("from the first");
    expect(await one.result(early)).toBe("from the first");
    expect(await ended(one, slowly)).toMatchObject({ result: "from the second", origins: ["cached"] });
  });

  test("is on the execution's own record: what becomes of the cache afterwards does not matter", async () => {
    const { count, ran } = counting();
    const asking = flow("asking", async () => [await count("tea"), await wait({ name: "go" }), await count("cake")]);
    const t = engines.open([asking]);
    t.work();
    const asked = async () => {
      const { id } = await t.start(asking);
      await t.waiting(id);
      return id;
    };
    const answered = async (id: string) => {
      await t.engine.answer(id, { value: 1 });
      return t.result(id);
    };
    expect(await answered(await asked())).toEqual(["tea 1", 1, "cake 2"]);
    const id = await asked();
    await removed(t, Date.now() + 1_000);
    expect(await answered(id)).toEqual(["tea 1", 1, "cake 3"]);
    expect(origins(t, id)).toEqual(["cached", "executed"]);
    expect(ran).toEqual(["tea", "cake", "cake"]);
  });

  test.each([
    ["before", 2],
    ["after", 1],
  ] as const)(
    "whose process died just %s the commit is in the cache with what is on the record",
    async (side, runs) => {
      const { counted, ran } = counting();
      let isDead = false;
      // The first write after the body ran is the one in which the checkpoint completes.
      const crashAt = () => {
        if (isDead || ran.length === 0) return undefined;
        isDead = true;
        return side;
      };
      const { execution, last } = await drive({ folder: engines.folder(), flow: counted, crashAt, answerTo: () => 1 });
      try {
        last.work();
        const own = await last.result(execution.id);
        expect(await ended(last, counted)).toMatchObject({ result: own, origins: ["cached"] });
        expect(ran).toHaveLength(runs);
      } finally {
        await last.close();
      }
    },
  );
});

describe("a replay", () => {
  test("runs a cached checkpoint again, and later executions take what came of that", async () => {
    const { counted, ran } = counting();
    const t = engines.open([counted]);
    t.work();
    const { id } = await ended(t, counted, "tea");
    const again = await t.replay(id);
    expect(await t.result(again.id)).toBe("tea 2");
    expect(origins(t, again.id)).toEqual(["executed"]);
    expect(await ended(t, counted, "tea")).toMatchObject({ result: "tea 2", origins: ["cached"] });
    expect(ran).toHaveLength(2);
  });

  test("takes what came before its anchor from its source, which may have had it from the cache", async () => {
    const { count, ran } = counting();
    const last = checkpoint("last", async (input: string) => `${input} last`);
    const steps = flow("steps", async () => last(await count("tea")));
    const t = engines.open([steps]);
    t.work();
    await ended(t, steps);
    const { id } = await ended(t, steps);
    const again = await t.replay(id, { from: "last" });
    expect(await t.result(again.id)).toBe("tea 1 last");
    expect(origins(t, again.id)).toEqual(["replayed", "executed"]);
    expect(ran).toHaveLength(1);
  });

  test("prefers an override, of which nothing is kept for others", async () => {
    const { counted } = counting();
    const t = engines.open([counted]);
    t.work();
    const { id } = await ended(t, counted, "tea");
    const again = await t.replay(id, { overrides: { "checkpoint.count": "mine" } });
    expect(await t.result(again.id)).toBe("mine");
    expect(origins(t, again.id)).toEqual(["overridden"]);
    expect(await ended(t, counted, "tea")).toMatchObject({ result: "tea 1", origins: ["cached"] });
  });
});

describe("a cached output", () => {
  test("whose blob is missing or damaged keeps nobody from running, and is replaced", async () => {
    let text = "a";
    const { fetching, runs } = long(() => text);
    const t = engines.open([fetching]);
    t.work();
    const first = await ended(t, fetching);
    expect(await ended(t, fetching)).toMatchObject({ result: first.result, origins: ["cached"] });
    rmSync(blobPath(t, first.id));
    text = "b";
    const second = await ended(t, fetching);
    expect(second).toMatchObject({ result: "b".repeat(40_000), origins: ["executed"] });
    expect(t.logs(second.id)).toEqual([
      expect.stringMatching(/^checkpoint fetch_page runs, because its cached output/),
    ]);
    expect(await ended(t, fetching)).toMatchObject({ result: second.result, origins: ["cached"] });
    // The same bytes again: the damaged file must not stand for them.
    writeFileSync(blobPath(t, second.id), "damaged");
    expect(await ended(t, fetching)).toMatchObject({ result: second.result, origins: ["executed"] });
    expect(await ended(t, fetching)).toMatchObject({ result: second.result, origins: ["cached"] });
    expect(runs()).toBe(3);
  });

  test("goes when it is as old as the executions that are cleaned away, and keeps its blob until then", async () => {
    const { fetchPage, runs } = long(() => "a");
    const once = flow("once", async (again: boolean): Promise<number> => {
      const { length } = await fetchPage();
      // The journal that referred to the blob is emptied; only the cache is left.
      return again ? continueAsNew(false) : length;
    });
    const t = engines.open([once]);
    t.work();
    const startedAt = Date.now();
    const { id } = await ended(t, once, true);
    expect(origins(t, id)).toEqual(["cached"]);
    await removed(t, startedAt);
    expect(await ended(t, once, false)).toMatchObject({ result: 40_000, origins: ["cached"] });
    await removed(t, Date.now() + 1_000, { isDryRun: true });
    expect(await ended(t, once, false)).toMatchObject({ result: 40_000, origins: ["cached"] });
    expect(await removed(t, Date.now() + 1_000)).toMatchObject({ executions: 3, blobs: 1 });
    expect(await ended(t, once, false)).toMatchObject({ result: 40_000, origins: ["executed"] });
    expect(runs()).toBe(2);
  });
});

test("cache is true or false", () => {
  const cache = "1d" as unknown as boolean;
  expect(() => checkpoint("aged", async () => 1, { cache })).toThrow(/checkpoint aged: cache must be true or false/);
  expect(() => flow("aged", async () => 1, { cache })).toThrow(/flow aged: cache must be true or false/);
});

function removed(t: TestEngine, before: number, { isDryRun = false } = {}) {
  // Late enough for no blob to be too young to go.
  const now = Date.now() + 36_000_000;
  return clean(t.store, { before, now, isDryRun, removeVersionFiles: () => {} });
}
