import { describe, expect, test } from "vitest";
import { frame, rowLine } from "../../src/cli/follow/frame.ts";
import { unseenOf } from "../../src/cli/follow/log-tail.ts";
import { nothingYet, withEvent } from "../../src/cli/follow/progress-state.ts";
import { createStyle } from "../../src/cli/style.ts";
import { displayWidth } from "../../src/cli/terminal-text.ts";

const start = Date.parse("2026-11-05T12:00:00Z");
const told = (...events: [type: string, name: string | null, data?: Record<string, unknown>][]) =>
  events
    .map(([type, name, data = null], at) => ({
      event_id: at,
      type,
      name,
      at: new Date(start + at * 1_000).toISOString(),
      data,
    }))
    .reduce(withEvent, nothingYet);

describe("what the timeline has told", () => {
  test("becomes rows with status, attempt, stage and times", () => {
    const state = told(
      ["execution_started", null],
      ["checkpoint_started", "draft"],
      ["progress", "draft", { stage: "words", current: 3 }],
      ["checkpoint_attempt_failed", "draft", { attempt: 1, message: "no luck" }],
      ["wait_opened", "approve"],
    );
    expect(state).toMatchObject({
      status: "running",
      rows: [
        {
          name: "draft",
          status: "running",
          attempt: 2,
          stage: { stage: "words" },
          note: "failed: no luck",
          endedAt: null,
        },
        { name: "approve", status: "pending" },
      ],
    });
    const done = [
      ["checkpoint_completed", "draft"],
      ["wait_answered", "approve"],
      ["execution_completed", null],
    ] as const;
    const ended = done
      .map(([type, name]) => ({ event_id: 9, type, name, at: new Date(start + 9_000).toISOString(), data: null }))
      .reduce(withEvent, state);
    expect(ended.status).toBe("completed");
    expect(ended.rows.map(({ status, endedAt }) => [status, endedAt?.slice(17, 19)])).toEqual([
      ["completed", "09"],
      ["answered", "09"],
    ]);
  });

  test("begins again where the execution goes on as new, and shows children by what they run", () => {
    const child = { execution_id: "01a1fe66-a863-7000-8000-000000000000", workflow: "team" };
    const state = told(
      ["checkpoint_completed", "draft"],
      ["execution_continued", null],
      ["child_started", null, child],
      ["child_failed", null, { execution_id: child.execution_id }],
    );
    expect(state.rows.map(({ kind, name, status }) => [kind, name, status])).toEqual([
      ["child", "team 01a1fe66-a863", "failed"],
    ]);
  });

  test("names what a call took instead of running, and no time that it did not take", () => {
    const state = told(["checkpoint_cached", "draft"], ["checkpoint_overridden", "check"]);
    const page = { style: createStyle(false), width: 60, now: start };
    expect(state.rows.map((row) => rowLine(row, page))).toEqual(["  ↺ draft  cached", "  ✎ check  overridden"]);
  });

  test("is drawn in lines that neither wrap nor leave the screen", () => {
    const many = Array.from({ length: 30 }, (_, at): [string, string] => [
      "checkpoint_started",
      `step_${at}_${"x".repeat(90)}`,
    ]);
    const state = told(["execution_started", null], ...many);
    const page = { style: createStyle(true), width: 60, now: start + 40_000 };
    const lines = frame(state, state.rows, page, { title: "demo", since: start, height: 10 });
    expect(lines).toHaveLength(9);
    expect(lines[0]).toContain("23 more");
    for (const line of lines) expect(displayWidth(line)).toBeLessThan(60);
  });
});

describe("lines of a log since the last look", () => {
  const line = (message: string) => ({
    at: "2026-11-05T12:00:00Z",
    level: "info",
    source: "flow",
    checkpoint: null,
    message,
  });
  const lines = (...messages: string[]) => messages.map(line);

  test("are counted where the count is exact, so that equal lines are told each", () => {
    expect(unseenOf(lines("a", "a", "a"), lines("a"), 2)).toEqual(lines("a", "a"));
    expect(unseenOf(lines("a"), lines("a"), 0)).toEqual([]);
    expect(unseenOf(lines("c"), lines("a"), 2)).toBeUndefined();
  });

  test("are found behind the known ones where they are not counted", () => {
    expect(unseenOf(lines("b", "c", "d"), lines("a", "b", "c"), undefined)).toEqual(lines("d"));
    expect(unseenOf(lines("x", "y"), lines("a", "b"), undefined)).toBeUndefined();
  });
});
