import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { save } from "../../src/flows/artifacts.ts";
import { checkpoint, checkpointContext } from "../../src/flows/checkpoint.ts";
import { flow } from "../../src/flows/flow.ts";
import { log } from "../../src/flows/log.ts";
import { secret } from "../../src/flows/secret.ts";
import { sleep } from "../../src/flows/sleep.ts";
import { now } from "../../src/flows/values.ts";
import { wait } from "../../src/flows/wait.ts";
import { openTestEngine } from "../../src/testing/testing.ts";

const draft = checkpoint("draft", async (topic: string) => `About ${topic}`);

const review = flow(
  "review",
  async ({ topic }: { topic: string }) => {
    const text = await draft(topic);
    const approved = await wait({ name: "approve", question: `Publish ${text}?`, schema: z.boolean() });
    return approved ? text : "rejected";
  },
  { input: z.strictObject({ topic: z.string() }) },
);

test("a flow runs on the real engine, asks, and goes on with the answer", async () => {
  await using t = openTestEngine({ flows: [review] });
  const run = await t.run(review, { topic: "otters" });
  expect(await run.waitFor("approve")).toMatchObject({ name: "approve", question: "Publish About otters?" });
  expect(await run.status()).toBe("waiting");
  await run.answer(true);
  expect(await run.result()).toBe("About otters");
  expect(await run.checkpoints()).toMatchObject([
    { name: "draft", status: "completed", origin: "executed", attempt: 1, output: "About otters" },
  ]);
  expect((await run.events()).map(({ type }) => type)).toContain("wait_answered");
  expect((await run.pendingWaits()).length).toBe(0);
});

test("time passes from one due instant to the next, so that everything happens in its order", async () => {
  const seen: string[] = [];
  const note = checkpoint(
    "note",
    async (what: string, at: number) => void seen.push(`${what} ${new Date(at).toISOString()}`),
  );
  const clocked = flow("clocked", async (name: string) => {
    for (const [duration, what] of [
      ["90s", "soon"],
      ["1d", "later"],
      ["2w", "last"],
    ] as const) {
      await sleep(duration);
      await note(`${name} ${what}`, now());
    }
  });
  await using t = openTestEngine({ flows: [clocked], now: "2030-05-01T00:00:00Z" });
  const a = await t.run(clocked, "a");
  await t.advance("1h");
  const b = await t.run(clocked, "b");
  await t.advance("3w");
  expect([await a.status(), await b.status()]).toEqual(["completed", "completed"]);
  expect(seen).toEqual([
    "a soon 2030-05-01T00:01:30.000Z",
    "b soon 2030-05-01T01:01:30.000Z",
    "a later 2030-05-02T00:01:30.000Z",
    "b later 2030-05-02T01:01:30.000Z",
    "a last 2030-05-16T00:01:30.000Z",
    "b last 2030-05-16T01:01:30.000Z",
  ]);
  expect(t.now().toISOString()).toBe("2030-05-22T01:00:00.000Z");
});

test("retries, timeouts of checkpoints and deadlines of waits come with time", async () => {
  const flaky = checkpoint("flaky", async () => `attempt ${checkpointContext().attempt}`, { retries: 2 });
  const failing = checkpoint(
    "failing",
    async () => {
      if (checkpointContext().attempt < 3) throw new Error("not yet");
      return "at last";
    },
    { retries: { max: 3, backoff: "1h", maxDelay: "1d" } },
  );
  const hanging = checkpoint("hanging", () => new Promise<never>(() => {}), { timeout: "30s" });
  const timed = flow("timed", async () => [
    await flaky(),
    await failing(),
    await hanging().catch((error) => error.message),
    await wait({ name: "anybody", timeout: "2d", onTimeout: { value: "nobody" } }),
  ]);
  await using t = openTestEngine({ flows: [timed] });
  const run = await t.run(timed);
  expect(await run.status()).toBe("waiting");
  await t.advance("59m");
  expect(await run.checkpoint("failing")).toMatchObject({ status: "running", attempt: 2 });
  await t.advance("4h");
  expect(await run.waitFor()).toMatchObject({ name: "anybody" });
  await t.advance("2d");
  expect(await run.result()).toMatchObject(["attempt 1", "at last", expect.stringContaining("30000 ms"), "nobody"]);
});

test("time passes by itself where the test says so, and no further than to a question", async () => {
  const year = flow("year", async () => {
    for (let week = 0; week < 5; week++) await sleep("1w");
    const answer = await wait({ name: "again", timeout: "1d", onTimeout: { value: "silence" } });
    await sleep("1h");
    return answer;
  });
  await using t = openTestEngine({ flows: [year], autoAdvance: true });
  const asked = await t.run(year);
  await asked.waitFor("again");
  expect(t.now().getTime() - Date.UTC(2030, 0, 1)).toBe(5 * 7 * 86_400_000);
  await asked.answer("yes");
  expect(await asked.result()).toBe("yes");
  expect(await (await t.run(year)).result()).toBe("silence");
});

test("several runs are awaited at the same time while time passes by itself", async () => {
  const napping = flow("napping", async (days: number) => {
    for (let day = 0; day < days; day++) await sleep("1d");
    return (await wait({ name: "awake", timeout: "1h", onTimeout: { value: "never" } })) === "yes" ? days : 0;
  });
  await using t = openTestEngine({ flows: [napping], autoAdvance: true });
  const runs = await Promise.all([1, 3, 2].map((days) => t.run(napping, days)));
  const answered = runs.map(async (run) => {
    await run.waitFor("awake");
    await run.answer("yes");
    return run.result();
  });
  expect(await Promise.all(answered)).toEqual([1, 3, 2]);
  expect(t.now().toISOString()).toBe("2030-01-04T00:00:00.000Z");
});

test("an engine that cannot be opened leaves nothing behind", async () => {
  const before = { folders: testFolders(), log: console.log };
  const flows = [review];
  expect(() => openTestEngine({ flows, secrets: { "not a name": { A: "12345678" } } })).toThrow(/name/);
  expect(() => openTestEngine({ flows, prices: { nonsense: { input: 1, output: 1 } } })).toThrow(/names no model/);
  expect(() => openTestEngine({ flows, crash: { write: 0 } })).toThrow(/whole number/);
  expect(() => openTestEngine({ flows, now: "some day" })).toThrow(/is no instant/);
  await vi.waitFor(() => expect(testFolders()).toEqual(before.folders));
  expect(console.log).toBe(before.log);
});

test("what a flow published, printed and read is there to be looked at", async () => {
  const publish = checkpoint("publish", async () => {
    console.log(`token ${await secret("github", "TOKEN")}`);
    await save("page", { title: "Otters" }, { tags: ["draft"] });
    log({ pages: 1 });
    return await secret("github", "TOKEN");
  });
  const publishing = flow("publishing", async () => (await publish()).length);
  await using t = openTestEngine({ flows: [publishing], secrets: { github: { TOKEN: "ghp_0123456789abcdef" } } });
  const run = await t.run(publishing);
  expect(await run.result()).toBe(20);
  expect(await run.artifacts()).toEqual([
    { name: "page", kind: "output", value: { title: "Otters" }, tags: ["draft"], checkpoint: "publish" },
  ]);
  expect(await run.logs()).toMatchObject([{ message: "token [redacted github.TOKEN]", checkpoint: "publish" }]);
});

test("a failed run is retried from where it failed, and replayed with other values and other code", async () => {
  let isBroken = true;
  const fetchPage = checkpoint("fetch_page", async () => "page");
  const parse = checkpoint("parse", async (page: string) => {
    if (isBroken) throw new Error("cannot parse");
    return page.toUpperCase();
  });
  const scrape = flow("scrape", async () => parse(await fetchPage()));
  await using t = openTestEngine({ flows: [scrape] });
  const run = await t.run(scrape);
  await expect(run.result()).rejects.toMatchObject({ name: "ExecutionFailed", failure: { checkpoint: "parse" } });
  expect(await run.failure()).toMatchObject({ message: expect.stringContaining("cannot parse") });
  isBroken = false;
  await run.retry();
  expect(await run.result()).toBe("PAGE");
  const other = await run.replay({ from: "parse", overrides: { "checkpoint.fetch_page": "book" } });
  expect(await other.result()).toBe("BOOK");
  expect((await other.checkpoint("fetch_page")).origin).toBe("overridden");
  const changed = flow("scrape", async () => `${await parse(await fetchPage())}!`);
  const replayed = await run.replay({ from: "parse", flow: changed });
  expect(await replayed.result()).toBe("PAGE!");
  expect((await replayed.checkpoint("fetch_page")).origin).toBe("replayed");
});

test("children are runs of their own, and are cancelled with their parent", async () => {
  const child = flow("child", async (name: string) => wait({ name: `ask_${name}` }));
  const parent = flow("parent", async () => {
    const [a, b] = [await child.run("a"), await child.run("b")];
    return [await a.result(), await b.result()];
  });
  await using t = openTestEngine({ flows: [parent, child] });
  const run = await t.run(parent);
  const [a, b] = await run.children();
  await a?.answer("yes");
  expect(await run.status()).toBe("waiting");
  await run.cancel();
  expect([await run.status(), await a?.status(), await b?.status()]).toEqual(["cancelled", "completed", "cancelled"]);
});

test("a process dies, and another one goes on: at once, or when its lease has run out", async () => {
  const started: string[] = [];
  const work = checkpoint("work", async () => {
    started.push(checkpointContext().idempotencyKey);
    if (started.length < 3) await new Promise(() => {});
    return "done";
  });
  const working = flow("working", async () => work());
  await using t = openTestEngine({ flows: [working] });
  const run = await t.run(working);
  await t.settled();
  await t.crash();
  expect(started).toHaveLength(2);
  await t.crash({ takeover: "lease" });
  await t.advance("14s");
  expect(started).toHaveLength(2);
  await t.advance("1s");
  expect(await run.result()).toBe("done");
  expect(new Set(started).size).toBe(1);
  expect(t.crashes).toBe(2);
});

test("a process dies at the write that the test names", async () => {
  for (const side of ["before", "inside", "after"] as const) {
    let drafts = 0;
    const count = checkpoint("count", async () => ++drafts);
    const counting = flow("counting", async () => [await count(), await wait({ name: "go" })]);
    await using t = openTestEngine({ flows: [counting], crash: { write: 3, side } });
    const run = await t.run(counting);
    await run.waitFor("go");
    t.crashAt({ write: 1, side });
    await run.answer(true);
    expect(await run.result()).toEqual([drafts, true]);
    expect(t.crashes).toBe(2);
  }
});

test("a closed engine has left nothing behind", async () => {
  const forever = checkpoint("forever", () => new Promise<never>(() => {}));
  const hanging = flow("hanging", async () => forever());
  const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "Immediate").length;
  const t = openTestEngine({ flows: [hanging, review] });
  await t.run(hanging);
  await t.run(review, { topic: "x" });
  await t.settled();
  await t.crash();
  expect(existsSync(t.folder)).toBe(true);
  const startedAt = performance.now();
  await t.close();
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(existsSync(t.folder)).toBe(false);
  const after = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "Immediate").length;
  expect(after).toBeLessThanOrEqual(before);
  await expect(t.run(review, { topic: "x" })).rejects.toMatchObject({
    code: "invalid_state",
    message: "the test engine is closed",
  });
});

test("what cannot be is said, with what to do instead", async () => {
  const other = flow("reviews", async () => 1);
  await using t = openTestEngine({ flows: [review] });
  await expect(t.run(other)).rejects.toMatchObject({
    code: "not_found",
    message: 'the test engine was given no flow "reviews"',
    hint: 'Did you mean "review"? Pass it: openTestEngine({ flows: [review, reviews] }).',
  });
  await expect(t.run(review, {} as never)).rejects.toMatchObject({ message: 'input: the field "topic" is missing' });
  const run = await t.run(review, { topic: "otters" });
  await expect(run.result()).rejects.toMatchObject({
    message: "the execution has not ended: it is waiting, and asks: approve",
    hint: expect.stringContaining('run.answer(value, { wait: "approve" })'),
  });
  await expect(run.waitFor("aprove")).rejects.toMatchObject({
    message: 'the execution is waiting and asks approve, and not "aprove"',
  });
  await expect(run.answer("maybe")).rejects.toMatchObject({ code: "invalid_input" });
  await expect(run.checkpoint("draff")).rejects.toMatchObject({ hint: "There are: draft." });
  await expect(t.advanceToNext()).rejects.toMatchObject({ message: "nothing is due, however much time passes" });
  await expect(t.advance("soon")).rejects.toMatchObject({ code: "invalid_input" });
  const moving = t.advance("1h");
  await expect(t.advance("1h")).rejects.toMatchObject({ hint: expect.stringContaining("Await one call") });
  await moving;
  await run.answer(false);
  expect(await run.result()).toBe("rejected");
  await expect(run.answer(true)).rejects.toMatchObject({ code: "conflict" });
  expect(() => openTestEngine({ flows: [review, flow("review", async () => 1)] })).toThrow(/two flows are called/);
});

function testFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("savepoint-testing-"));
}
