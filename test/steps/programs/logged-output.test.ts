import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Scrubber } from "../../../src/secrets/scrubber.ts";
import { LoggedOutput, type OutputStream } from "../../../src/steps/programs/logged-output.ts";

const token = "tell-nobody-of-this-0123456789-and-not-of-that-either-abcdefghijklmnopqrstuvwxyz.";
const base64 = Buffer.from(token).toString("base64");

function open() {
  const lines: string[] = [];
  const scrubber = new Scrubber([{ label: "api.TOKEN", value: token }]);
  const log = new LoggedOutput({
    print: (stream, line) => lines.push(stream === "stdout" ? line : `! ${line}`),
    redact: (text) => scrubber.redact(text),
  });
  return { lines, add: (text: string, stream: OutputStream = "stdout") => log.add(stream, Buffer.from(text)), log };
}

const wrapped = (text: string, width: number) => `${text.match(new RegExp(`.{1,${width}}`, "g"))?.join("\n")}\n`;

test.each([
  ["base64 of 76 columns", wrapped(base64, 76)],
  ["fold", wrapped(token, 20)],
  ["xxd", wrapped(Buffer.from(token).toString("hex"), 60)],
])("a secret that %s breaks into lines is found", async (_, text) => {
  const { lines, add, log } = open();
  add("before\n");
  // In pieces, as pipes hand them over.
  for (const piece of text.match(/[\s\S]{1,30}/g) ?? []) {
    add(piece);
    await sleep(1);
  }
  add("after\n");
  log.end();
  expect(lines).toEqual(["before", "[redacted api.TOKEN]", "after"]);
});

test("a secret is found wherever it stands in more than is held", async () => {
  for (const ahead of [65_000, 65_500, 57_300]) {
    const { lines, add, log } = open();
    const all = `${wrapped("x".repeat(ahead), 99)}${wrapped(token, 20)}${wrapped("y".repeat(70_000), 99)}`;
    for (let at = 0; at < all.length; at += 8_192) add(all.slice(at, at + 8_192));
    log.end();
    expect(lines.join("\n")).not.toMatch(/tell-nobody|abcdefg/);
    expect(lines.filter((line) => line.includes("[redacted api.TOKEN]"))).toHaveLength(1);
    expect(lines.join("").length).toBe(ahead + 70_000 + "[redacted api.TOKEN]".length);
  }
});

test("a secret whose lines come while others are looked at is found", async () => {
  const { lines, add, log } = open();
  for (let count = 0; count < 30; count++) {
    for (const piece of [token.slice(0, 40), token.slice(40)]) {
      add(`${piece}\n`);
      await sleep(7);
    }
  }
  log.end();
  expect(lines).toEqual(Array.from({ length: 30 }, () => "[redacted api.TOKEN]"));
});

test("a line appears soon, also while others keep coming", async () => {
  const { lines, add, log } = open();
  const beganAt = performance.now();
  const waits: number[] = [];
  for (let count = 0; performance.now() - beganAt < 600; count++) {
    add(`${count} ${performance.now()}\n`);
    await sleep(5);
    for (const line of lines.splice(0)) waits.push(performance.now() - Number(line.split(" ")[1]));
  }
  log.end();
  expect(waits.length).toBeGreaterThan(20);
  expect(Math.max(...waits)).toBeLessThan(300);
});

test("the lines of both streams keep their order, and characters that come in two pieces are whole", () => {
  const { lines, add, log } = open();
  add("one\n");
  add("two\n", "stderr");
  log.add("stdout", Buffer.from("drü").subarray(0, 3));
  add("four\n", "stderr");
  log.add("stdout", Buffer.from("drü").subarray(3));
  log.end();
  add("nothing after the end\n");
  expect(lines).toEqual(["one", "! two", "! four", "drü"]);
});

test("of a line without end the beginning is kept, and of lines without end so many", () => {
  const { lines, add, log } = open();
  for (let count = 0; count < 100; count++) add("x".repeat(10_000));
  add("\nnext\n");
  for (let count = 0; count < 30; count++) add("y\n".repeat(1_000));
  log.end();
  expect(lines).toHaveLength(10_001);
  expect(lines[0]).toHaveLength(64 * 1024);
  expect(lines[1]).toBe("next");
  expect(lines.at(-1)).toBe("the log keeps the first 10000 lines of it");
});
