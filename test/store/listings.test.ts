import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openConnection } from "../../src/store/database.ts";
import type { NewExecution } from "../../src/store/execution.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import { type Listings, openListings } from "../../src/store/listings.ts";
import type { NewModelCall } from "../../src/store/model-calls.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../helpers/engine.ts";
import { newExecution } from "../helpers/new-execution.ts";

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let listings: Listings;
beforeEach(() => {
  folder = temporaryFolder();
  store = openStore(folder.path);
  listings = openListings(store);
});
afterEach(() => {
  store.close();
  folder.remove();
});

let made = 0;

function execution(fields: Partial<NewExecution> = {}): number {
  made++;
  return store.write(() =>
    store.executions.insert(
      newExecution({ id: `execution-${made}`, input: '"secret input"', createdAt: made, ...fields }),
    ),
  );
}

function entry(seq: number, fields: Partial<JournalEntry> & Pick<JournalEntry, "ordinal" | "kind" | "name">): void {
  store.write(() =>
    store.journal.insert(seq, {
      scope: "",
      occurrence: 1,
      argumentsHash: null,
      status: "completed",
      origin: null,
      type: null,
      reuse: "own",
      attempt: 1,
      afterPosition: 0,
      position: null,
      dueAt: null,
      output: null,
      failure: null,
      detail: null,
      metadata: null,
      progress: null,
      startedAt: 1,
      endedAt: null,
      ...fields,
    }),
  );
}

/** How SQLite goes about the queries that `list` makes. */
async function plansOf(list: () => Promise<unknown>): Promise<string[]> {
  const reader = store.reader();
  const prepare = reader.prepare.bind(reader);
  const queries: { sql: string; parameters: unknown }[] = [];
  reader.prepare = ((sql: string) => {
    const statement = prepare(sql);
    const all = statement.all.bind(statement);
    statement.all = ((parameters: unknown) => {
      queries.push({ sql, parameters });
      return all(parameters);
    }) as typeof statement.all;
    return statement;
  }) as typeof reader.prepare;
  await list();
  reader.prepare = prepare;
  return queries.map(({ sql, parameters }) =>
    prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(parameters as never)
      .map(({ detail }) => detail)
      .join("\n"),
  );
}

describe("the listing of executions", () => {
  test("shows children only where their parent is named", async () => {
    const parent = execution();
    const child = execution({ parentSeq: parent, depth: 1 });
    const seqs = async (parentSeq?: number) =>
      (await listings.executions({ parentSeq, limit: 10 })).items.map(({ seq }) => seq);
    expect(await seqs()).toEqual([parent]);
    expect(await seqs(parent)).toEqual([child]);
    expect(await seqs(child)).toEqual([]);
  });

  test("counts to a thousand and no further", async () => {
    const { total, totalIsExact } = await listings.executions({ limit: 1 });
    expect({ total, totalIsExact }).toEqual({ total: 0, totalIsExact: true });
    for (let n = 0; n < 1_000; n++) execution();
    expect(await listings.executions({ limit: 1 })).toMatchObject({ total: 1_000, totalIsExact: true, hasMore: true });
    execution();
    expect(await listings.executions({ limit: 1 })).toMatchObject({ total: 1_000, totalIsExact: false });
  });

  test("shows nothing that lies outside of the instants, even where the clock was set back", async () => {
    for (const createdAt of [100, 200, 300, 150, 250]) execution({ createdAt });
    const times = async (filter: { since?: number; until?: number }) =>
      (await listings.executions({ ...filter, limit: 10 })).items.map((item) => item.createdAt);
    for (const at of await times({ since: 200 })) expect(at).toBeGreaterThanOrEqual(200);
    for (const at of await times({ until: 200 })) expect(at).toBeLessThanOrEqual(200);
  });

  test("finds beginnings of words where no whole words are found, in whatever number they go on", async () => {
    const topics = Array.from({ length: 30 }, (_, number) => `tide${number}`);
    const seqs = topics.map((topic) => execution({ input: JSON.stringify({ topic: `${topic} Överflöd` }) }));
    const found = async (search: string) =>
      (await listings.executions({ search, limit: 50 })).items.map(({ seq }) => seq).reverse();
    expect(await found("tide")).toEqual(seqs);
    expect(await found("TIDE1")).toEqual([seqs[1]]);
    expect(await found("tide2 överf")).toEqual([seqs[2], ...seqs.slice(20)]);
    expect(await found("tide29 w tid")).toEqual([seqs[29]]);
    expect(await found("tides")).toEqual([]);
  });

  test("finds executions with several tags, of which one is rare, in any order", async () => {
    const [both] = [execution({ tags: ["common", "rare"] }), execution({ tags: ["common"] })];
    for (const tags of [
      ["common", "rare"],
      ["rare", "common"],
    ]) {
      const { items } = await listings.executions({ tags, limit: 10 });
      expect(items.map(({ seq }) => seq)).toEqual([both]);
    }
  });

  const byTag = /SEARCH execution_tags USING PRIMARY KEY \(tag=\?.*\n.*executions USING INTEGER PRIMARY KEY/;
  const bySearch = /SCAN executions_search VIRTUAL TABLE INDEX .*\n.*executions USING INTEGER PRIMARY KEY/;
  test.each([
    [{ status: "failed" as const }, /INDEX executions_by_status \(status=\?/],
    [{ workflow: "w" }, /INDEX executions_by_workflow(_and_status)? \(workflow=\?/],
    [{ stack: "local" }, /INDEX executions_by_stack \(stack=\?/],
    [{ trigger: "api" }, /INDEX executions_by_trigger \(trigger=\?/],
    [{ replayedFrom: "source" }, /INDEX executions_by_source \(replayed_from=\?/],
    [{ parentSeq: 1 }, /INDEX executions_by_parent \(parent_seq=\?/],
    [{ tags: ["a"] }, byTag],
    [{ tags: ["a", "b"] }, byTag],
    [{ tags: ["a"], status: "queued" as const, workflow: "w" }, byTag],
    [{ search: "w" }, bySearch],
    [{ search: "w", status: "queued" as const, workflow: "w" }, bySearch],
    [{ since: 0 }, /executions USING INTEGER PRIMARY KEY \(rowid>\?.*\n.*\n.*COVERING INDEX executions_by_created/],
    [{ until: 1e15 }, /executions USING INTEGER PRIMARY KEY \(rowid<\?\)\n.*\n.*COVERING INDEX executions_by_created/],
    [{ since: 0, until: 1e15 }, /executions USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/],
    [{ workflow: "w", status: "queued" as const }, /_by_workflow_and_status \(workflow=\? AND status=\?/],
    [
      { workflow: "w", status: "queued" as const, since: 0, until: 1e15 },
      /_by_workflow_and_status \(workflow=\? AND status=\? AND seq>\? AND seq<\?\)/,
    ],
  ])("finds its way by an index for %j, and never sorts", async (filter, expected) => {
    const parent = execution({ tags: ["a", "b"] });
    execution({ parentSeq: parent, replayedFrom: "source" });
    for (const before of [undefined, parent + 1]) {
      const plans = await plansOf(() => listings.executions({ ...filter, before, limit: 1 }));
      // Besides, the executions of a tag are counted, to tell whether it is rare.
      const pages = plans.filter((plan) => !/^SEARCH execution_tags .*\(tag=\?\)$/.test(plan));
      expect(pages.length).toBeGreaterThan(0);
      for (const plan of pages) {
        expect(plan).toMatch(expected);
        expect(plan).not.toMatch(/TEMP B-TREE|^SCAN executions$/m);
      }
    }
  });

  test("without a filter walks along the executions themselves, from the cursor on", async () => {
    const [rows, counted] = await plansOf(() => listings.executions({ before: 9, limit: 10 }));
    expect(rows).toMatch(/^SEARCH executions USING INTEGER PRIMARY KEY \(rowid<\?\)/);
    expect(counted).toMatch(/^SCAN executions$/m);
    expect(`${rows} ${counted}`).not.toContain("TEMP B-TREE");
  });
});

describe("the listing of waits", () => {
  test("holds pending waits alone, newest execution first", async () => {
    const [first, second] = [execution(), execution({ workflow: "other" })];
    entry(first, { ordinal: 1, kind: "wait", name: "a", status: "pending", detail: { question: "A?" } });
    entry(first, { ordinal: 2, kind: "wait", name: "b", status: "answered" });
    entry(first, { ordinal: 3, kind: "wait", name: "c", status: "pending", dueAt: 77 });
    entry(second, { ordinal: 1, kind: "wait", name: "d", status: "pending" });
    const names = async (filter: Omit<Parameters<Listings["waits"]>[0], "limit"> = {}) =>
      (await listings.waits({ ...filter, limit: 10 })).items.map(({ name }) => name);
    expect(await names()).toEqual(["d", "c", "a"]);
    expect(await names({ workflow: "w" })).toEqual(["c", "a"]);
    expect(await names({ executionSeq: second })).toEqual(["d"]);
    expect(await names({ after: { executionSeq: first, ordinal: 3 } })).toEqual(["a"]);
    const [c] = (await listings.waits({ executionSeq: first, limit: 1 })).items;
    expect(c).toMatchObject({ id: expect.stringMatching(/^execution-\d+:3$/), dueAt: 77, detail: {} });
  });

  test("finds the waits of a rare workflow by its executions, and those of a common one among all", async () => {
    const plan = async () => (await plansOf(() => listings.waits({ workflow: "w", limit: 1 })))[1];
    expect(await plan()).toMatch(/^SEARCH executions USING .*executions_by_workflow/);
    execution();
    const copies = "WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 10000)";
    const columns = "workflow, target, version, status, stack, trigger, created_at";
    const connection = openConnection(store.databasePath);
    connection.exec(`${copies} INSERT INTO executions (id, ${columns}) SELECT n, ${columns} FROM copies, executions`);
    connection.close();
    expect(await plan()).toMatch(/^SCAN journal USING COVERING INDEX journal_pending_waits/);
  });

  test.each([[{}], [{ workflow: "w" }], [{ executionSeq: 1 }], [{ after: { executionSeq: 5, ordinal: 1 } }]])(
    "never walks through the journal for %j",
    async (filter) => {
      const plans = await plansOf(() => listings.waits({ ...filter, limit: 10 }));
      // Besides, the executions of a workflow are counted, to tell whether it is rare.
      for (const plan of plans.filter((one) => !/^SEARCH executions .*\(workflow=\?\)$/.test(one))) {
        expect(plan).toContain("USING COVERING INDEX journal_pending_waits");
        expect(plan).not.toMatch(/^SCAN journal$/m);
      }
    },
  );
});

test("events come oldest first, after the one that is known", async () => {
  const seq = execution();
  store.write(() => {
    for (const at of [1, 2, 3]) store.events.append(seq, { type: "progress", at, data: { at } });
    store.events.append(execution(), { type: "progress", at: 9 });
  });
  const first = await listings.events({ executionSeq: seq, limit: 2 });
  expect(first).toMatchObject({ hasMore: true, total: 3, items: [{ at: 1, data: { at: 1 } }, { at: 2 }] });
  const rest = await listings.events({ executionSeq: seq, afterId: first.items[1]?.id, limit: 2 });
  expect(rest).toMatchObject({ hasMore: false, items: [{ at: 3 }] });
  for (const plan of await plansOf(() => listings.events({ executionSeq: seq, afterId: 1, limit: 2 }))) {
    expect(plan).toMatch(/USING (COVERING )?INDEX events_by_execution/);
  }
});

test("logs are found by their index", async () => {
  const list = () =>
    listings.logs({ executionSeq: 1, level: "warn", ordinals: [1, 2], beforeId: 9, longestMessage: 9, limit: 5 });
  for (const plan of await plansOf(list)) {
    expect(plan).toContain("USING INDEX logs_by_execution");
    expect(plan).not.toContain("TEMP B-TREE");
  }
});

describe("the listing of calls of models", () => {
  function calls(count: number, fields: Partial<NewModelCall> = {}): void {
    const executionSeq = execution();
    const call = { executionSeq, ordinal: 1, checkpoint: "c", kind: "llm" as const, provider: "ollama", model: "m" };
    store.write(() => {
      for (let at = 1; at <= count; at++)
        store.modelCalls.begin({ ...call, alias: null, attempt: 1, startedAt: at, ...fields });
    });
  }

  test("finds those of an execution and of a model by their index, and all others newest first", async () => {
    const plans = (filter: object) => plansOf(() => listings.modelCalls({ ...filter, beforeId: 9, limit: 2 }));
    for (const plan of await plans({ executionSeq: 1, model: "m", status: "failed" }))
      expect(plan).toContain("USING INDEX model_calls_by_execution");
    for (const plan of await plans({ model: "m" })) {
      expect(plan).toMatch(/USING (COVERING )?INDEX model_calls_by_model/);
      expect(plan).not.toContain("TEMP B-TREE");
    }
    for (const plan of await plans({ status: "failed" })) expect(plan).not.toContain("TEMP B-TREE");
  });

  test("finds where instants begin without looking at every call", async () => {
    calls(2_000);
    const filter = { since: 700, until: 702, limit: 10 };
    const { items, total } = await listings.modelCalls(filter);
    expect({ total, times: items.map(({ started_at: at }) => at) }).toEqual({ total: 3, times: [702, 701, 700] });
    const plans = await plansOf(() => listings.modelCalls(filter));
    expect(plans.at(-1)).toContain("SEARCH model_calls USING INTEGER PRIMARY KEY");
    expect(plans.length).toBeLessThan(40);
  });

  test("shows nothing that lies outside of the instants, even where the clock was set back", async () => {
    for (const startedAt of [100, 200, 300, 150, 250]) calls(1, { startedAt });
    const times = async (filter: object) =>
      (await listings.modelCalls({ ...filter, limit: 10 })).items.map((item) => item.started_at);
    for (const at of await times({ since: 200 })) expect(at).toBeGreaterThanOrEqual(200);
    for (const at of await times({ until: 200 })) expect(at).toBeLessThanOrEqual(200);
  });
});

test("durations of very many are those of the newest, and say so", async () => {
  const seq = execution();
  const call = { executionSeq: seq, ordinal: 1, checkpoint: "c", kind: "llm" as const, provider: "ollama", model: "m" };
  const how = { status: "completed" as const, finishReason: null, error: null, retries: 0, toolCalls: 0 };
  const nothing = { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null, costUsd: null };
  store.write(() => {
    for (let n = 0; n < 10_001; n++) {
      const id = store.modelCalls.begin({ ...call, alias: null, attempt: 1, startedAt: n });
      store.modelCalls.end(id, { ...how, ...nothing, firstTokenMs: null, latencyMs: n === 0 ? 1_000_000 : 5 });
    }
  });
  const { groups, isSampled } = await listings.statistics({ groupBy: "model", limit: 5 });
  expect(isSampled).toBe(true);
  expect(groups).toMatchObject([{ count: 10_001, durationMs: { p50: 5, p95: 5 }, latencyMs: { max: 1_000_000 } }]);
});

describe("the overview of a journal", () => {
  test("names entries, tells the size of outputs wherever they are kept, and leaves candidates out", () => {
    const seq = execution();
    const id = store.executions.get(seq)?.id ?? "";
    const blob = store.payloads.store(JSON.stringify("x".repeat(100_000)));
    entry(seq, { ordinal: 1, kind: "checkpoint", name: "a", output: '"é"' });
    entry(seq, { ordinal: 2, kind: "checkpoint", name: "a", occurrence: 2, output: blob });
    entry(seq, { ordinal: 3, kind: "checkpoint", name: "a", occurrence: 3, reuse: "candidate" });
    entry(seq, { ordinal: 4, kind: "wait", name: "a", status: "pending" });
    entry(seq, { ordinal: 5, kind: "value", name: "now", output: "1" });
    expect(listings.journal.entries({ id, seq })).toMatchObject([
      { id: `${id}:1`, selector: "a#1", outputBytes: 4 },
      { id: `${id}:2`, selector: "a#2", outputBytes: 100_002 },
      { id: `${id}:4`, selector: "a", kind: "wait", outputBytes: null },
    ]);
    expect(listings.journal.countCompleted(seq)).toBe(2);
  });
});

test("blocked executions are those that cannot go on, oldest first", async () => {
  const [first, , third] = [execution(), execution(), execution()];
  const block = (seq: number | undefined, reason: string) =>
    store.write(() => {
      for (const { seq: claimed, epoch } of store.executions.claim("w1", 2e6, 1e6, 10)) {
        store.executions.release({ seq: claimed, owner: "w1", epoch }, 0, claimed === seq ? reason : null);
      }
    });
  block(first, "x".repeat(1_000));
  expect(await listings.blocked(1)).toMatchObject({ items: [{ seq: first, reason: "x".repeat(300) }], total: 1 });
  block(third, "disk_full: no room");
  expect((await listings.blocked(5)).items).toMatchObject([{ seq: third, reason: "disk_full: no room" }]);
});

test("no listing reads a payload", async () => {
  const seq = execution();
  entry(seq, { ordinal: 1, kind: "checkpoint", name: "a", output: `"${"secret output ".repeat(20)}"` });
  entry(seq, { ordinal: 2, kind: "wait", name: "b", status: "pending", output: `"${"secret answer ".repeat(20)}"` });
  const found = [
    await listings.executions({ limit: 10 }),
    await listings.waits({ limit: 10 }),
    await listings.events({ executionSeq: seq, limit: 10 }),
    listings.journal.entries({ id: "x", seq }),
  ];
  expect(JSON.stringify(found)).not.toContain("secret");
});

test("a search finds words of short inputs, and not of those that are sealed or kept in a blob", async () => {
  const seq = execution({ input: '{"topic":"ottershell"}' });
  execution({ input: "@sealed:b3R0ZXJzaGVsbA==ottershell" });
  const { items } = await listings.executions({ search: "ottershell", limit: 10 });
  expect(items.map((item) => item.seq)).toEqual([seq]);
});
