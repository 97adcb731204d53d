import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../../src/store/store.ts";
import { temporaryFolder } from "../helpers/engine.ts";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test.skipIf(process.platform === "win32")("a write after the folder was removed is refused, not acknowledged", () => {
  const path = join(folder.path, "state");
  const store = openStore(path);
  rmSync(path, { recursive: true });
  expect(() => store.write(() => store.settings.getOrSet("key", "value"))).toThrowError(
    expect.objectContaining({ code: "unavailable", hint: expect.stringContaining("restart the server") }),
  );
  const other = openStore(path);
  expect(() => store.write(() => store.settings.getOrSet("key", "value"))).toThrowError(/removed or replaced/);
  expect(other.settings.get("key")).toBeUndefined();
  other.close();
  store.close();
});

test("the state folder ignores itself in git and is its owner's alone", () => {
  const path = join(folder.path, "state");
  openStore(path).close();
  expect(existsSync(join(path, ".gitignore"))).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(path, "savepoint.db")).mode & 0o777).toBe(0o600);
});
