import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checkpoint, flow, wait } from "../../src/index.ts";
import { delay, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();
const asking = flow("asking", () => wait({ name: "approve", question: "Publish?", schema: z.boolean() }));

describe("an answer", () => {
  test("is the only one that wins of a hundred from two processes", async () => {
    const counting = flow("counting", () => wait({ name: "number", schema: z.number() }));
    const t = engines.open([counting]);
    const other = engines.open([counting]);
    t.work();
    const { id } = await t.start(counting);
    await t.asked(id, "number");
    const answers = Array.from({ length: 100 }, (_, value) =>
      (value % 2 === 0 ? t : other).engine.answer(id, { value }),
    );
    const settled = await Promise.allSettled(answers);
    const won = settled.flatMap(({ status }, value) => (status === "fulfilled" ? [value] : []));
    expect(won).toHaveLength(1);
    for (const one of settled)
      if (one.status === "rejected") expect(["conflict", "invalid_state"]).toContain(one.reason.code);
    expect(await t.result(id)).toBe(won[0]);
    expect(t.events(id).filter((type) => type === "wait_answered")).toHaveLength(1);
  });

  test("that does not fit is refused with what would, and the wait stays pending", async () => {
    const t = engines.open([asking]);
    t.work();
    const { id } = await t.start(asking);
    await t.waiting(id);
    const refused = t.engine.answer(id, { value: "yes" });
    await expect(refused).rejects.toMatchObject({ code: "invalid_input", message: "value: must be boolean" });
    await expect(refused).rejects.toHaveProperty("hint", expect.stringContaining('{"type":"boolean"}'));
    expect(t.get(id).status).toBe("waiting");
    await t.engine.answer(id, { value: true, answeredBy: "Ada" });
    expect(await t.result(id)).toBe(true);
    expect(t.entry(id, "approve").detail).toMatchObject({ answeredBy: "Ada" });
  });

  test("to an answered wait is a conflict, and to an ended execution an invalid state", async () => {
    const held = flow("held", async () => {
      await wait({ name: "first" });
      await wait({ name: "second" });
    });
    const t = engines.open([held]);
    t.work();
    const { id } = await t.start(held);
    await t.asked(id, "first");
    await t.engine.answer(id, { wait: "first", value: 1 });
    await expect(t.engine.answer(id, { wait: "first", value: 1 })).rejects.toMatchObject({ code: "conflict" });
    await t.asked(id, "second");
    await t.engine.cancel(id);
    await expect(t.engine.answer(id, { wait: "second", value: 1 })).rejects.toMatchObject({
      code: "invalid_state",
      hint: expect.stringContaining("executions_replay"),
    });
  });

  test("names its wait: a near miss is told the name, several pending ones must be told apart", async () => {
    const several = flow("several", () =>
      Promise.all([wait({ name: "legal" }), wait({ name: "budget" }), wait({ name: "legal" })]),
    );
    const t = engines.open([several]);
    t.work();
    const { id } = await t.start(several);
    await until(() => t.store.journal.pendingWaits(t.get(id).seq).length === 3);
    await expect(t.engine.answer(id, { value: 1 })).rejects.toMatchObject({
      code: "ambiguous",
      details: { candidates: ["legal#1", "budget", "legal#2"] },
    });
    await expect(t.engine.answer(id, { wait: "legal", value: 1 })).rejects.toMatchObject({ code: "ambiguous" });
    await expect(t.engine.answer(id, { wait: "bugdet", value: 1 })).rejects.toMatchObject({
      code: "not_found",
      hint: 'Did you mean "budget"?',
    });
    await t.engine.answer(id, { wait: "legal#2", value: "second" });
    await t.engine.answer(id, { wait: "legal", value: "first" });
    await t.engine.answer(id, { value: "third" });
    expect(await t.result(id)).toEqual(["first", "third", "second"]);
  });

  test("with a key that was used answers like the first, and with another value is a conflict", async () => {
    const t = engines.open([asking]);
    t.work();
    const { id } = await t.start(asking);
    await t.waiting(id);
    await t.engine.answer(id, { value: true, idempotencyKey: "k" });
    await t.result(id);
    await expect(t.engine.answer(id, { value: true, idempotencyKey: "k" })).resolves.toMatchObject({ id });
    await expect(t.engine.answer(id, { value: false, idempotencyKey: "k" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  test("with a key may be any value that the journal holds", async () => {
    const open = flow("open", () => wait({ name: "any" }));
    const t = engines.open([open]);
    t.work();
    const { id } = await t.start(open);
    await t.waiting(id);
    const value = new Map([["n", 1n]]);
    await t.engine.answer(id, { value, idempotencyKey: "k" });
    expect(await t.result(id)).toEqual(value);
    const other = new Map([["n", 2n]]);
    await expect(t.engine.answer(id, { value: other, idempotencyKey: "k" })).rejects.toMatchObject({
      code: "conflict",
    });
  });
});

describe("an answer that only the author's code can judge", () => {
  const even = z.number().refine((n) => n % 2 === 0, "must be even");
  const picky = flow("picky", () => wait({ name: "number", schema: even }));

  test("leaves the wait pending with an event when it is refused", async () => {
    const t = engines.open([picky]);
    t.work();
    const { id } = await t.start(picky);
    await t.waiting(id);
    await t.engine.answer(id, { value: 3 });
    await until(() => t.events(id).includes("answer_refused"));
    await t.waiting(id);
    expect(t.entry(id, "number").status).toBe("pending");
    await t.engine.answer(id, { value: 4 });
    expect(await t.result(id)).toBe(4);
  });

  test("is judged again after a crash between the answer and its refusal", async () => {
    const t = engines.open([picky]);
    const { id } = await t.start(picky);
    t.work();
    await t.waiting(id);
    await t.crash();
    const after = engines.open([picky]);
    await after.engine.answer(id, { value: 3 });
    after.work();
    await until(() => after.events(id).includes("answer_refused"));
    await after.engine.answer(id, { value: 6 });
    expect(await after.result(id)).toBe(6);
  });
});

describe("an early answer", () => {
  const gate = { open: Promise.withResolvers<void>() };
  const first = checkpoint("first", () => gate.open.promise);
  const later = flow("later", async () => {
    await first();
    const one = await wait({ name: "approve", schema: z.number() });
    return [one, await wait({ name: "approve", schema: z.number() })];
  });

  test("is kept until its wait is asked, by name or by number", async () => {
    gate.open = Promise.withResolvers();
    const t = engines.open([later]);
    t.work();
    const { id } = await t.start(later);
    await expect(t.engine.answer(id, { wait: "approve", value: 1 })).rejects.toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("early: true"),
    });
    await t.engine.answer(id, { wait: "approve", value: 1, early: true });
    await t.engine.answer(id, { wait: "approve#2", value: 2, early: true });
    await expect(t.engine.answer(id, { wait: "approve", value: 9, early: true })).rejects.toMatchObject({
      code: "conflict",
    });
    gate.open.resolve();
    expect(await t.result(id)).toEqual([1, 2]);
    expect(t.events(id).filter((type) => type === "answered_early")).toHaveLength(2);
  });

  test("that does not fit leaves the wait pending, with an event", async () => {
    gate.open = Promise.withResolvers();
    const t = engines.open([later]);
    t.work();
    const { id } = await t.start(later);
    await t.engine.answer(id, { wait: "approve", value: "one", early: true });
    gate.open.resolve();
    await until(() => t.events(id).includes("answer_refused"));
    await t.waiting(id);
    await t.engine.answer(id, { wait: "approve", value: 1 });
    await t.asked(id, "approve");
    await t.waiting(id);
    await t.engine.answer(id, { wait: "approve#2", value: 2 });
    expect(await t.result(id)).toEqual([1, 2]);
  });

  test("without a name says what is missing", async () => {
    const t = engines.open([later]);
    const { id } = await t.start(later);
    await expect(t.engine.answer(id, { value: 1, early: true })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(t.engine.answer(id, { value: 1 })).rejects.toMatchObject({ code: "invalid_state" });
  });
});

test("a wait whose schema JSON Schema cannot express, or that is none, is an error at the wait", async () => {
  const messages: string[] = [];
  const broken = flow("broken", async () => {
    for (const schema of [z.bigint(), { type: "nonsense" }]) {
      try {
        await wait({ name: "w", schema });
      } catch (error) {
        messages.push((error as Error).message);
      }
    }
    try {
      await wait({ name: "w", metadata: { callback: () => 1 } });
    } catch (error) {
      messages.push((error as Error).message);
    }
  });
  const t = engines.open([broken]);
  t.work();
  const { id } = await t.start(broken);
  await t.result(id);
  expect(messages).toEqual([
    expect.stringContaining("JSON Schema cannot express this schema"),
    expect.stringContaining("the schema is not valid JSON Schema"),
    expect.stringContaining("metadata.callback"),
  ]);
  expect(t.entries(id)).toEqual([]);
});

test("an abort is refused where nothing is pending, and wakes the body where something is", async () => {
  const t = engines.open([asking]);
  t.work();
  const { id } = await t.start(asking);
  await t.waiting(id);
  await t.engine.abortWait(id, { wait: "approve", reason: undefined });
  expect(await t.ended(id)).toMatchObject({ status: "failed", failure: { code: "wait_aborted", origin: "wait" } });
  await delay(5);
  await expect(t.engine.abortWait(id, { wait: "approve", reason: undefined })).rejects.toMatchObject({
    code: "invalid_state",
  });
});
