import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { checkpoint, checkpointContext } from "../../src/flows/checkpoint.ts";
import { emit } from "../../src/flows/emit.ts";
import { flow } from "../../src/flows/flow.ts";
import { inBranch, requireFlowScope } from "../../src/flows/scope.ts";
import { sleep } from "../../src/flows/sleep.ts";
import { now } from "../../src/flows/values.ts";
import { wait } from "../../src/flows/wait.ts";
import { useEngines } from "../helpers/engine.ts";

const engines = useEngines();

describe("a branch of the flow body", () => {
  const work = checkpoint("work", async (name: string) => name);
  const inner = flow("inner", async (name: string) => `child of ${name}`);
  const branches = flow("branches", async (order: string[]) => {
    const one = (name: string) =>
      inBranch(name, async () => {
        const [, started] = [await work("same"), now()];
        const child = await inner.run(name);
        const answer = await wait({ name: "ask", question: "same" });
        await sleep(1);
        return inBranch("deeper", async () => `${await work("same")} ${started > 0} ${answer} ${await child.result()}`);
      });
    return Promise.all(order.map(one));
  });

  test("has a scope of its own for every primitive, whatever the order in which branches come to them", async () => {
    const t = engines.open([branches, inner]);
    t.work();
    const { id } = await t.start(branches, ["a", "b"]);
    await t.waiting(id);
    await t.engine.answer(id, { wait: "b/ask", value: "for b" });
    await t.engine.answer(id, { wait: "a/ask", value: "for a" });
    await t.ended(id);
    expect(await t.result(id)).toEqual(["same true for a child of a", "same true for b child of b"]);
    const places = t.entries(id).map(({ scope, kind }) => `${scope} ${kind}`);
    for (const name of ["a", "b"]) {
      for (const kind of ["checkpoint", "child", "wait", "sleep", "value"]) expect(places).toContain(`${name} ${kind}`);
      expect(places).toContain(`${name}/deeper checkpoint`);
    }
  });
});

describe("a checkpoint that is not taken", () => {
  const skips = flow("skips", async () => {
    const { runtime, path } = requireFlowScope("skip", "");
    await runtime.skip({ scope: path, name: "left-out", type: "llm", why: "nobody wants it" });
    return wait({ name: "ask" });
  });

  test("is on the record as skipped, once, and nothing runs for it", async () => {
    const t = engines.open([skips]);
    t.work();
    const { id } = await t.start(skips);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    await t.ended(id);
    expect(t.entry(id, "left-out")).toMatchObject({
      status: "skipped",
      type: "llm",
      metadata: { skipped: "nobody wants it" },
    });
    expect(t.events(id).filter((type) => type === "checkpoint_skipped")).toHaveLength(1);
  });
});

describe("an event of the workflow's own", () => {
  const attempts: number[] = [];
  const tells = checkpoint(
    "tells",
    async () => {
      const { attempt } = checkpointContext();
      attempts.push(attempt);
      emit("told", { attempt });
      await delay(5);
      if (attempt === 1) throw new Error("not yet");
    },
    { retries: { max: 1, backoff: 1 } },
  );
  const telling = flow("telling", async () => {
    await tells();
    return wait({ name: "ask" });
  });

  test("is told by the attempt that completes, and not again when the body wakes", async () => {
    const t = engines.open([telling]);
    t.work();
    const { id } = await t.start(telling);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    await t.ended(id);
    expect(attempts).toEqual([1, 2]);
    expect(t.events(id).filter((type) => type === "event_emitted")).toHaveLength(1);
  });
});

describe("a wait with a deadline", () => {
  const asks = flow("asks", async () => {
    const { runtime, path: scope } = requireFlowScope("wait", "");
    const call = { scope, name: "ask", question: "?", schema: null, timeoutMs: 600, metadata: null };
    return runtime.wait({ ...call, onTimeout: { value: "late" }, warnBeforeMs: 300 });
  });

  test("is told to be near, once, before it is over", async () => {
    const t = engines.open([asks]);
    t.work();
    const { id } = await t.start(asks);
    await t.ended(id);
    expect(await t.result(id)).toMatchObject({ value: "late", isExpired: true, answeredBy: null });
    const told = t.events(id).filter((type) => type.startsWith("wait_"));
    expect(told).toEqual(["wait_opened", "wait_expiring", "wait_expired"]);
  });

  test("that a retry opens again is warned of anew", async () => {
    const strict = flow("strict", async () => {
      const { runtime, path: scope } = requireFlowScope("wait", "");
      const call = { scope, name: "ask", question: "?", schema: null, timeoutMs: 600, metadata: null };
      return runtime.wait({ ...call, onTimeout: "fail", warnBeforeMs: 300 });
    });
    const t = engines.open([strict]);
    t.work();
    const { id } = await t.start(strict);
    expect((await t.ended(id)).status).toBe("failed");
    await t.engine.retry(id);
    await expect.poll(() => t.get(id).status, { timeout: 5_000 }).toBe("failed");
    const told = t.events(id).filter((type) => type.startsWith("wait_"));
    const once = ["wait_opened", "wait_expiring", "wait_expired"];
    expect(told).toEqual([...once, ...once]);
  });

  test("tells who answered, and when", async () => {
    const t = engines.open([asks]);
    t.work();
    const { id } = await t.start(asks);
    await t.asked(id, "ask");
    await t.engine.answer(id, { value: "yes", answeredBy: "ada" });
    await t.ended(id);
    expect(await t.result(id)).toMatchObject({ value: "yes", isExpired: false, answeredBy: "ada" });
    expect(t.events(id)).not.toContain("wait_expired");
  });
});
