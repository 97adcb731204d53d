import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBlobs, sha256Of } from "../../src/store/blobs.ts";
import { createPayloads, inlineLimitBytes, parseReference } from "../../src/store/payloads.ts";
import { unprotected } from "../../src/store/protection.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test("a blob is named by its content and stored once", () => {
  const blobs = openBlobs(folder.path);
  const text = "x".repeat(100_000);
  const sha256 = blobs.write(text);
  expect(sha256).toBe(sha256Of(text));
  expect(blobs.write(text)).toBe(sha256);
  expect(readdirSync(join(folder.path, sha256.slice(0, 2)))).toEqual([sha256]);
  expect(blobs.read(sha256)).toBe(text);
});

test("blob files are readable by their owner only", () => {
  const sha256 = openBlobs(folder.path).write("private");
  const path = join(folder.path, sha256.slice(0, 2), sha256);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a damaged blob is never handed out, and is mended by who stores the same text again", () => {
  const blobs = openBlobs(folder.path);
  const sha256 = blobs.write("right");
  writeFileSync(join(folder.path, sha256.slice(0, 2), sha256), "wrong");
  expect(() => blobs.read(sha256)).toThrow(/damaged/);
  blobs.write("right");
  expect(blobs.read(sha256)).toBe("right");
});

test("short payloads stay in the row and long ones move to a blob, measured in bytes", () => {
  const payloads = createPayloads(openBlobs(folder.path), 1_000_000, unprotected);
  const short = JSON.stringify("é".repeat(inlineLimitBytes / 2 - 1));
  expect(payloads.store(short)).toBe(short);
  const long = JSON.stringify("é".repeat(inlineLimitBytes / 2));
  const column = payloads.store(long);
  expect(parseReference(column)).toEqual({ sha256: sha256Of(long), bytes: Buffer.byteLength(long) });
  expect(payloads.read(column)).toBe(long);
});

test("a payload above the cap is refused with what to do instead", () => {
  const payloads = createPayloads(openBlobs(folder.path), 50_000, unprotected);
  expect(() => payloads.store(JSON.stringify("x".repeat(50_000)))).toThrowError(
    expect.objectContaining({ code: "too_large", hint: expect.stringContaining("payloads.max_bytes") }),
  );
  expect(readdirSync(folder.path)).toEqual([]);
});

test("text that looks like a reference is not mistaken for one, because encoded text is JSON", () => {
  const payloads = createPayloads(openBlobs(folder.path), 1_000_000, unprotected);
  const column = payloads.store(JSON.stringify("@blob:abc:3"));
  expect(parseReference(column)).toBeUndefined();
  expect(payloads.read(column)).toBe(JSON.stringify("@blob:abc:3"));
});
