import { describe, expect, test } from "vitest";
import { shortIds } from "../../src/cli/short-ids.ts";
import { createStyle, wantsColour } from "../../src/cli/style.ts";
import { type Column, shrunk, table } from "../../src/cli/table.ts";
import { displayWidth } from "../../src/cli/terminal-text.ts";
import { elapsedText, relativeTime } from "../../src/cli/time-text.ts";

interface Row {
  name: string;
  note: string;
}
const columns: Column<Row>[] = [
  { head: "name", text: ({ name }) => name },
  { head: "empty", text: () => "" },
  { head: "note", text: ({ note }) => note, shrinks: true, paint: (text) => createStyle(true).good(text) },
];
const rows = [
  { name: "one", note: "a note that is far too long for a narrow terminal" },
  { name: "日本", note: "short" },
];

describe("a table", () => {
  test.each([30, 80])("fits %i columns and leaves out what is empty in every row", async (width) => {
    const lines = (await table(columns, rows, { width, style: createStyle(false) })).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]?.trimEnd()).toBe("name  note");
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(lines[2]).toMatch(/^日本 {2}/);
  });

  test("takes room from the widest column that may be cut", () => {
    const widths = [
      { width: 10, shrinks: false },
      { width: 40, shrinks: true },
      { width: 20, shrinks: true },
    ];
    expect(shrunk(widths, 100)).toEqual([10, 40, 20]);
    expect(shrunk(widths, 54)).toEqual([10, 20, 20]);
  });
});

describe("short forms", () => {
  test("ids are as short as tells them apart, and begin as the whole one does", () => {
    const ids = [
      "0199a3f2-7c1b-7def-8abc-000000000001",
      "0199a3f2-7c1b-7de0-8abc-000000000001",
      "0199a3f2-7c1c-7def-8abc-1",
    ];
    const short = shortIds(ids);
    expect(ids.map(short)).toEqual(["0199a3f2-7c1b-7def", "0199a3f2-7c1b-7de0", "0199a3f2-7c1c"]);
  });

  test("times tell how long ago, and how long it took", () => {
    const now = Date.parse("2026-11-05T12:00:00Z");
    expect(relativeTime("2026-11-05T11:57:00Z", now)).toBe("3m ago");
    expect(relativeTime("2026-11-05T14:00:00Z", now)).toBe("in 2h");
    expect(relativeTime("2026-11-08T11:59:58Z", now)).toBe("in 3d");
    expect(relativeTime("2026-11-05T12:59:58Z", now)).toBe("in 1h");
    expect(relativeTime("2026-11-05T11:00:01Z", now)).toBe("59m ago");
    expect(relativeTime(null, now)).toBe("");
    expect([12, 2_340, 64_000, 12_000_000].map(elapsedText)).toEqual(["12ms", "2.3s", "1m 04s", "3h 20m"]);
  });
});

describe("colours", () => {
  const terminal = { isTTY: true };
  test.each([
    [true, {}, terminal, true],
    [true, {}, {}, false],
    [true, { NO_COLOR: "1" }, terminal, false],
    [true, { FORCE_COLOR: "1" }, {}, true],
    [true, { FORCE_COLOR: "0" }, terminal, false],
    [true, { TERM: "dumb" }, terminal, false],
    [false, { FORCE_COLOR: "1" }, terminal, false],
  ])("with --no-color %s, %o and %o: %s", (color, env, stream, expected) => {
    expect(wantsColour({ color, env }, stream)).toBe(expected);
  });
});
