import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openToken } from "../../src/http/token.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
const notices: string[] = [];
const open = () => openToken(folder.path, (message) => notices.push(message));
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "token");
  notices.length = 0;
});
afterEach(() => folder.remove());

const modeOf = (file: string) => statSync(file).mode & 0o777;

test("a token is made once, for its owner's eyes alone, and stays", () => {
  const first = open();
  expect(first.text).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(readFileSync(path, "utf8")).toBe(`${first.text}\n`);
  expect(open().text).toBe(first.text);
  expect(readdirSync(folder.path)).toEqual(["token"]);
  if (process.platform !== "win32") expect(modeOf(path)).toBe(0o600);
  rmSync(path);
  expect(open().text).not.toBe(first.text);
});

test("a token matches itself and nothing else, whatever its length", () => {
  const { text, matches } = open();
  expect(matches(text)).toBe(true);
  for (const other of ["", text.slice(1), `${text}x`, text.toUpperCase(), "x".repeat(10_000)]) {
    expect(matches(other)).toBe(false);
  }
});

test("the name of whoever holds a token does not give it away", () => {
  const { text, principal } = open();
  expect(principal).toMatch(/^[0-9a-f]{64}$/);
  expect(principal).not.toContain(text);
});

test.skipIf(process.platform === "win32")("a file that others can read is closed to them, and the user is told", () => {
  const { text } = open();
  chmodSync(path, 0o644);
  expect(open().text).toBe(text);
  expect(modeOf(path)).toBe(0o600);
  expect(notices).toEqual([expect.stringContaining("could be read by others")]);
});

test("a token of one's own is taken when it is long enough", () => {
  writeFileSync(path, `  ${"Own-token_".repeat(5)}\n`, { mode: 0o600 });
  expect(open().text).toBe("Own-token_".repeat(5));
});

test.each(["", "short", `${"long enough but ".repeat(5)}with spaces`])("a file that holds %j is refused", (text) => {
  writeFileSync(path, text, { mode: 0o600 });
  expect(open).toThrowError(
    expect.objectContaining({ code: "unavailable", hint: expect.stringContaining("Delete the file") }),
  );
});
