import { describe, expect, test } from "vitest";
import { CheckpointFailed, checkpoint, checkpointContext, flow, wait } from "../../src/index.ts";
import { createClock } from "../../src/testing/clock.ts";
import { delay, until, useEngines } from "../helpers/engine.ts";

const engines = useEngines();

class Hostile extends Error {
  override get message(): string {
    throw new Error("no message for you");
  }
}

describe("what a checkpoint throws", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;

  test.each([
    ["an error", () => new RangeError("too far"), "too far"],
    ["a text", () => "just text", "just text"],
    ["undefined", () => undefined, "undefined"],
    ["an object", () => ({ status: 500 }), '{"status":500}'],
    ["a circular object", () => circular, "[object Object]"],
    ["an error whose message is a number", () => Object.assign(new Error(), { message: 7 }), "7"],
    ["an error whose name is a symbol", () => Object.assign(new Error("odd"), { name: Symbol("x") }), "odd"],
    ["an error that throws when it is read", () => new Hostile(), "what was thrown cannot be read"],
  ])("is recorded and surfaces as the same failure live and on the re-run: %s", async (_, thrown, message) => {
    const seen: unknown[] = [];
    const failing = checkpoint("failing", async () => {
      throw thrown();
    });
    const catching = flow("catching", async () => {
      try {
        await failing();
      } catch (error) {
        const { message: text, name, cause } = error as CheckpointFailed;
        seen.push([error instanceof CheckpointFailed, text, name, (cause as Error).name, (cause as Error).message]);
      }
      await wait({ name: "hold" });
    });
    const t = engines.open([catching]);
    t.work();
    const { id } = await t.start(catching);
    await t.waiting(id);
    await t.engine.answer(id, { value: 1 });
    await t.result(id);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual([
      true,
      `checkpoint failing failed: ${message}`,
      "CheckpointFailed",
      expect.any(String),
      message,
    ]);
    expect(seen[1]).toEqual(seen[0]);
  });
});

describe("an execution", () => {
  test("that throws an AggregateError fails with its message", async () => {
    const failing = checkpoint("failing", async (n: number) => {
      throw new Error(`no ${n}`);
    });
    const any = flow("any", () => Promise.any([failing(1), failing(2)]));
    const t = engines.open([any]);
    t.work();
    const { id } = await t.start(any);
    expect(await t.ended(id)).toMatchObject({
      failure: { code: "user_error", name: "AggregateError", message: "All promises were rejected", retriable: [1, 2] },
    });
  });

  test("whose checkpoint failed names it, its code and its origin", async () => {
    const failing = checkpoint("failing", async () => {
      throw new TypeError("wrong");
    });
    const plain = flow("plain", () => failing());
    const t = engines.open([plain]);
    t.work();
    const { id } = await t.start(plain);
    expect(await t.ended(id)).toMatchObject({
      failure: {
        code: "checkpoint_failed",
        origin: "user_code",
        checkpoint: "failing",
        message: "checkpoint failing failed: wrong",
      },
    });
    expect(t.entry(id, "failing").failure).toMatchObject({
      code: "user_error",
      name: "TypeError",
      stack: expect.stringContaining("failures.test.ts"),
    });
  });

  test("whose result cannot be recorded says where the offending value is", async () => {
    const bad = flow("bad", () => ({ items: [1, { socket: new URL("http://localhost") }] }));
    const t = engines.open([bad]);
    t.work();
    const { id } = await t.start(bad);
    expect(await t.ended(id)).toMatchObject({
      failure: { code: "invalid_output", message: "result.items[1].socket: a class instance (URL) cannot be recorded" },
    });
  });
});

describe("a checkpoint's output that cannot be recorded", () => {
  test("fails it with the path and is not tried again", async () => {
    let attempts = 0;
    const bad = checkpoint(
      "bad",
      async () => {
        attempts++;
        return { list: [() => 1] };
      },
      { retries: { max: 3, backoff: 1 } },
    );
    const failing = flow("failing", () => bad());
    const t = engines.open([failing]);
    t.work();
    const { id } = await t.start(failing);
    await t.ended(id);
    expect(t.entry(id, "bad").failure).toMatchObject({
      code: "invalid_output",
      message: "output.list[0]: a function cannot be recorded",
    });
    expect(attempts).toBe(1);
  });

  test("and arguments that cannot be are refused at the call", async () => {
    const takes = checkpoint("takes", async (_: unknown) => 1);
    const failing = flow("failing", () => takes(Promise.resolve()));
    const t = engines.open([failing]);
    t.work();
    const { id } = await t.start(failing);
    expect(await t.ended(id)).toMatchObject({
      failure: {
        code: "misuse",
        message: "checkpoint takes: arguments[0]: a promise (was an await forgotten?) cannot be recorded",
      },
    });
    expect(t.entries(id)).toEqual([]);
  });
});

describe("attempts", () => {
  test("are told to the body, share an idempotency key, and pause longer each time", async () => {
    const clock = createClock();
    const seen: { attempt: number; key: string; at: number }[] = [];
    const flaky = checkpoint(
      "flaky",
      async () => {
        const { attempt, idempotencyKey } = checkpointContext();
        seen.push({ attempt, key: idempotencyKey, at: clock.now() });
        throw new Error("again");
      },
      { retries: { max: 3, backoff: "1m", maxDelay: "3m" } },
    );
    const trying = flow("trying", () => flaky());
    const t = engines.open([trying], { clock });
    t.work();
    const { id } = await t.start(trying);
    for (const pause of [60_000, 120_000, 180_000]) {
      const waiting = await t.waiting(id);
      expect(waiting).toMatchObject({ wakeAt: clock.now() + pause });
      clock.move(pause);
      const tried = seen.length + 1;
      await until(() => seen.length === tried);
      if (tried < 4) await until(() => t.get(id).status === "waiting");
    }
    expect((await t.ended(id)).status).toBe("failed");
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(t.events(id).filter((type) => type === "checkpoint_attempt_failed")).toHaveLength(3);
  });

  test("end where retryOn says no, or throws itself", async () => {
    let attempts = 0;
    const make = (name: string, retryOn: (error: unknown) => boolean) =>
      checkpoint(
        name,
        async () => {
          attempts++;
          throw new Error("no");
        },
        { retries: { max: 5, backoff: 1, retryOn } },
      );
    const refused = make("refused", () => false);
    const broken = make("broken", () => {
      throw new Error("in retryOn");
    });
    const trying = flow("trying", () =>
      Promise.allSettled([refused(), broken()]).then((all) => all.map(({ status }) => status)),
    );
    const t = engines.open([trying]);
    t.work();
    expect(await t.run(trying)).toEqual(["rejected", "rejected"]);
    expect(attempts).toBe(2);
  });

  test("that run longer than the checkpoint's limit fail, their signal fires, and what they still return is dropped", async () => {
    const clock = createClock();
    const first = Promise.withResolvers<string>();
    let runs = 0;
    let aborted = false;
    const slow = checkpoint(
      "slow",
      () => {
        checkpointContext().signal.addEventListener("abort", () => {
          aborted = true;
        });
        return ++runs === 1 ? first.promise : Promise.resolve("second");
      },
      { timeout: "1m", retries: { max: 1, backoff: 1 } },
    );
    const limited = flow("limited", () => slow());
    const t = engines.open([limited], { clock });
    t.work({ leaseMs: 1_000_000 });
    const { id } = await t.start(limited);
    await until(() => runs === 1);
    clock.move(60_000);
    await until(() => aborted);
    first.resolve("of the first");
    await delay(20);
    clock.move(1);
    expect(await t.result(id)).toBe("second");
  });

  test("keep their number over a crash", async () => {
    const attempts: number[] = [];
    const gate = Promise.withResolvers<void>();
    const flaky = checkpoint(
      "flaky",
      async () => {
        const { attempt } = checkpointContext();
        attempts.push(attempt);
        if (attempt === 1) throw new Error("first");
        if (attempts.length === 2) await gate.promise;
        throw new Error("always");
      },
      { retries: { max: 1, backoff: 1 } },
    );
    const clock = createClock();
    const trying = flow("trying", () => flaky());
    const before = engines.open([trying], { clock });
    before.work();
    const { id } = await before.start(trying);
    await until(() => {
      clock.move(1);
      return attempts.length === 2;
    });
    await before.crash();
    clock.move(20_000);
    const after = engines.open([trying], { clock });
    after.work();
    expect((await after.ended(id)).status).toBe("failed");
    expect(attempts).toEqual([1, 2, 2]);
  });
});

test("a failure that nobody awaited does not end the execution, and one that the runtime reports fails its owner", async () => {
  const failing = checkpoint("failing", async () => {
    throw new Error("nobody looks");
  });
  const careless = flow("careless", async () => {
    void failing();
    await wait({ name: "hold" });
    return "fine";
  });
  const t = engines.open([careless]);
  t.work();
  const { id } = await t.start(careless);
  await t.waiting(id);
  await t.engine.answer(id, { value: 1 });
  expect(await t.result(id)).toBe("fine");
});
