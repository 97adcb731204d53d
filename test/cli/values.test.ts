import { describe, expect, test } from "vitest";
import type { FlagKind } from "../../src/cli/flags.ts";
import { pairOf, readFlag, type Sources } from "../../src/cli/values.ts";

const files: Record<string, string> = { "a.json": '{"a":1}', "bad.json": "{a:1}", "note.txt": "hello\n" };
const sources: Sources = {
  file(path) {
    const content = files[path];
    if (content === undefined) throw new Error("no such file");
    return content;
  },
  stdin: () => "[1,2]\n",
};
const read = (kind: FlagKind, texts: string[], neverTyped?: string) =>
  readFlag({ kind, neverTyped }, texts, { label: "--flag", sources });
const value: FlagKind = { type: "value" };

describe("a value of any kind", () => {
  test.each([
    ["JSON", '{"topic":"tea"}', { topic: "tea" }],
    ["a number", "5", 5],
    ["text that is no JSON", "tea time", "tea time"],
    ["text in quotes", '"5"', "5"],
    ["a literal @", "@@home", "@home"],
    ["a JSON file", "@a.json", { a: 1 }],
    ["a text file, without its last newline", "@note.txt", "hello"],
    ["stdin", "-", [1, 2]],
  ])("is %s", (_, text, expected) => {
    expect(read(value, [text])).toEqual(expected);
  });

  test("is refused where a .json file holds none, and where there is no file", () => {
    expect(() => read(value, ["@bad.json"])).toThrow("--flag @bad.json must be JSON");
    expect(() => read(value, ["@none.json"])).toThrow("--flag: the file none.json cannot be read");
  });
});

describe("other values", () => {
  test("lists collect, records take pairs and objects", () => {
    expect(read({ type: "list", item: { type: "text" } }, ["a", "b"])).toEqual(["a", "b"]);
    expect(read({ type: "record", value }, ['draft="x"', "n=1", "t=plain", '{"more":[1]}', "file=@a.json"])).toEqual({
      draft: "x",
      n: 1,
      t: "plain",
      more: [1],
      file: { a: 1 },
    });
    expect(read({ type: "record", value: { type: "text" } }, ["n=1"])).toEqual({ n: "1" });
    expect(() => read({ type: "record", value }, ["alone"])).toThrow('--flag takes key=value; it is "alone"');
  });

  test("numbers and choices are checked, the nearest choice is named", () => {
    expect(read({ type: "number" }, ["2.5"])).toBe(2.5);
    expect(() => read({ type: "number" }, ["two"])).toThrow('--flag must be a number; it is "two"');
    expect(() => read({ type: "text", choices: ["failed", "queued"] }, ["fialed"])).toThrow(
      expect.objectContaining({ hint: "Did you mean failed?" }),
    );
  });

  test("what must not be typed comes from a file or stdin only, and is not quoted back", () => {
    const record: FlagKind = { type: "record", value: { type: "text" } };
    expect(() => read(record, ["KEY=secret"], "others can read it")).toThrow(
      "--flag cannot be typed: others can read it",
    );
    expect(read(record, ["@a.json"], "others can read it")).toEqual({ a: 1 });
    const spilt = { ...sources, stdin: () => '{"KEY":hunter2}' };
    const spill = () => readFlag({ kind: record, neverTyped: "x" }, ["-"], { label: "--flag", sources: spilt });
    expect(spill).toThrow("--flag must be JSON");
    expect(spill).not.toThrow("hunter2");
  });

  test("a pair is cut at its first =", () => {
    expect(pairOf("a=b=c", "-i")).toEqual(["a", "b=c"]);
    expect(() => pairOf("=b", "-i")).toThrow("-i takes key=value");
  });
});
