import { describe, expect, test } from "vitest";
import { type Call, Matcher } from "../../src/engine/activation/matching.ts";
import type { JournalEntry } from "../../src/store/journal.ts";

function entry(fields: Partial<JournalEntry> & Pick<JournalEntry, "ordinal">): JournalEntry {
  return {
    kind: "checkpoint",
    scope: "",
    name: "fetch",
    occurrence: fields.ordinal,
    argumentsHash: null,
    status: "completed",
    origin: "executed",
    type: null,
    reuse: "own",
    attempt: 1,
    afterPosition: 0,
    position: fields.ordinal,
    dueAt: null,
    output: null,
    failure: null,
    detail: null,
    metadata: null,
    progress: null,
    startedAt: 0,
    endedAt: 0,
    ...fields,
  };
}

function callOf(argumentsHash: string | null, fields: Partial<Call> = {}): Call {
  return { kind: "checkpoint", scope: "", name: "fetch", argumentsHash, ...fields };
}

/** What the call takes: an ordinal, "held" or "none". */
function match(matcher: Matcher, call: Call): number | "held" | "none" {
  const found = matcher.match(call, matcher.number(call));
  return typeof found === "object" ? found.taken.ordinal : found;
}

describe("a call", () => {
  test("takes the entry of its occurrence when the arguments are the same", () => {
    const matcher = new Matcher([
      entry({ ordinal: 1, argumentsHash: "a" }),
      entry({ ordinal: 2, argumentsHash: "a" }),
      entry({ ordinal: 3, argumentsHash: "a" }),
    ]);
    expect([1, 2, 3].map(() => match(matcher, callOf("a")))).toEqual([1, 2, 3]);
    expect(match(matcher, callOf("a"))).toBe("none");
  });

  test("takes any entry with its arguments when its occurrence has others", () => {
    const matcher = new Matcher([entry({ ordinal: 1, argumentsHash: "a" }), entry({ ordinal: 2, argumentsHash: "b" })]);
    expect(match(matcher, callOf("b"))).toBe(2);
    expect(match(matcher, callOf("a"))).toBe(1);
  });

  test("is held while entries of its name are left but none with its arguments, and then takes its occurrence's", () => {
    const matcher = new Matcher([entry({ ordinal: 1, argumentsHash: "a" }), entry({ ordinal: 2, argumentsHash: "b" })]);
    const changed = callOf("new");
    const number = matcher.number(changed);
    expect(matcher.match(changed, number)).toBe("held");
    expect(match(matcher, callOf("b"))).toBe(2);
    expect(matcher.takeOccurrence(changed, number)?.ordinal).toBe(1);
    expect(matcher.untaken()).toEqual([]);
  });

  test("is held and then runs when its occurrence was taken by another", () => {
    const matcher = new Matcher([entry({ ordinal: 1, argumentsHash: "a" }), entry({ ordinal: 2, argumentsHash: "b" })]);
    const changed = callOf("new");
    const number = matcher.number(changed);
    expect(matcher.match(changed, number)).toBe("held");
    expect(match(matcher, callOf("a"))).toBe(1);
    expect(matcher.takeOccurrence(changed, number)).toBeUndefined();
  });

  test("runs at once when nothing of its kind, scope and name is recorded", () => {
    const matcher = new Matcher([entry({ ordinal: 1, argumentsHash: "a" })]);
    expect(match(matcher, callOf("a", { name: "other" }))).toBe("none");
    expect(match(matcher, callOf("a", { scope: "pages[1]" }))).toBe("none");
    expect(match(matcher, callOf("a", { kind: "wait" }))).toBe("none");
  });

  test.each(["candidate", "arguments"] as const)("takes an entry of reuse %s only by equal arguments", (reuse) => {
    const matcher = new Matcher([entry({ ordinal: 1, argumentsHash: "a", reuse })]);
    expect(match(matcher, callOf("changed"))).toBe("none");
    expect(match(matcher, callOf("a"))).toBe(1);
  });

  test("takes an overridden entry in its place whatever its arguments are", () => {
    const matcher = new Matcher([entry({ ordinal: 1, argumentsHash: "a", reuse: "candidate", origin: "overridden" })]);
    const changed = callOf("changed");
    const number = matcher.number(changed);
    expect(matcher.match(changed, number)).toBe("held");
    expect(matcher.takeOccurrence(changed, number)?.ordinal).toBe(1);
  });
});

describe("the numbers of new entries", () => {
  test("are unique among all that the journal holds of the name", () => {
    const matcher = new Matcher([
      entry({ ordinal: 1, occurrence: 2, reuse: "candidate", argumentsHash: "a" }),
      entry({ ordinal: 2, occurrence: 5, argumentsHash: "b" }),
    ]);
    expect([1, 2].map(() => matcher.nextOccurrence(callOf(null)))).toEqual([6, 7]);
    expect(matcher.nextOccurrence(callOf(null, { name: "other" }))).toBe(1);
  });
});

describe("20,000 entries of one name", () => {
  const count = 20_000;
  const timed = (work: () => void) => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  };

  test.each([
    ["in order with equal arguments", () => "same", (i: number) => i],
    ["in reverse with arguments of their own", (i: number) => `a${i}`, (i: number) => count - 1 - i],
  ])("are matched in linear time, asked %s", (_, hashOf, asked) => {
    const entries = Array.from({ length: count }, (__, i) => entry({ ordinal: i + 1, argumentsHash: hashOf(i) }));
    const taken: (number | string)[] = [];
    const spent = timed(() => {
      const matcher = new Matcher(entries);
      for (let i = 0; i < count; i++) taken.push(match(matcher, callOf(hashOf(asked(i)))));
    });
    expect(new Set(taken).size).toBe(count);
    expect(spent).toBeLessThan(500);
  });

  test("are matched in linear time when each call takes another's place", () => {
    const entries = Array.from({ length: count }, (_, i) =>
      entry({ ordinal: i + 1, argumentsHash: i % 2 === 0 ? "a" : "b" }),
    );
    const spent = timed(() => {
      const matcher = new Matcher(entries);
      for (let i = 0; i < count; i++) expect(typeof match(matcher, callOf(i % 2 === 0 ? "b" : "a"))).toBe("number");
    });
    expect(spent).toBeLessThan(2_000);
  });
});
