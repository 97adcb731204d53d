import { describe, expect, test } from "vitest";
import { displayWidth, fitted, harmless, harmlessJson, harmlessValue, oneLine } from "../../src/cli/terminal-text.ts";

describe("text from elsewhere", () => {
  test("cannot steer the terminal", () => {
    expect(harmless("a\x1b[2Jb\x1b]0;title\x07c\rd\x08e\x9b31m\x7f")).toBe("a␛[2Jb␛]0;title␇c␍d␈e�31m␡");
    expect(harmless("\x1b\x1b[0m[2J")).not.toContain("\x1b");
    expect(harmless("safe\u202etxt.exe")).toBe("safe�txt.exe");
  });

  test("keeps its lines and loses its colours", () => {
    expect(harmless("\x1b[31mred\x1b[0m\r\nnext\tcolumn")).toBe("red\nnext\tcolumn");
  });

  test("is cleaned wherever it stands in an answer", () => {
    expect(harmlessValue({ "k\x1b": ["v\x07", 1, null, { deep: "\x1b[H" }] })).toEqual({
      "k␛": ["v␇", 1, null, { deep: "␛[H" }],
    });
  });

  test("stays the same value in JSON, and harmless there", () => {
    const value = { text: "\x9b2J \x7f \u202e \x1b" };
    const written = harmlessJson(value);
    expect(written).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(written)).toEqual(value);
  });
});

describe("width", () => {
  test("counts columns, not characters", () => {
    expect(displayWidth("abc")).toBe(3);
    expect(displayWidth("日本")).toBe(4);
    expect(displayWidth("\x1b[31mred\x1b[39m")).toBe(3);
    expect(displayWidth("e\u0301")).toBe(1);
  });

  test("decides what fits", () => {
    expect(fitted("abcdef", 6)).toBe("abcdef");
    expect(fitted("abcdef", 4)).toBe("abc…");
    expect(fitted("日本語", 4)).toBe("日…");
    expect(fitted("abc", 0)).toBe("");
    expect(oneLine(" a\n  b\tc ")).toBe("a b c");
  });
});
