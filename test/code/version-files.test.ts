import { readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flowFile, makeProject, runInProcess, userError } from "./project.ts";

async function oneVersion() {
  const project = await makeProject({ "flows/x.ts": flowFile("x", 'return "good";') });
  const { version } = await project.code.resolve("x");
  const folder = join(project.root, ".savepoint/versions");
  return { ...project, version, folder, path: join(folder, `${version.hash}.mjs`) };
}

describe("the files of a version", () => {
  it("are the module and its map, for the user's eyes only, and nothing else", async () => {
    const { version, folder, path } = await oneVersion();
    expect(await readdir(folder)).toEqual([`${version.hash}.mjs`, `${version.hash}.mjs.map`]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(`${path}.map`)).mode & 0o777).toBe(0o600);
  });

  it("are left alone while they are right, and written again when they are gone or damaged", async () => {
    const { code, path } = await oneVersion();
    const text = await readFile(path, "utf8");
    await utimes(path, 1, 1);
    await code.resolve("x");
    expect((await stat(path)).mtimeMs).toBe(1_000);
    await writeFile(path, text.slice(0, 50));
    await code.resolve("x");
    expect(await readFile(path, "utf8")).toBe(text);
    await rm(path);
    await code.resolve("x");
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("are whole when many processes write them at once", async () => {
    const { root, folder, version } = await oneVersion();
    await rm(folder, { recursive: true });
    const results = await Promise.all([1, 2, 3, 4].map(() => runInProcess(root, [{ run: "x" }])));
    expect(results).toEqual(Array.from({ length: 4 }, () => [{ value: "good" }]));
    expect(await readdir(folder)).toEqual([`${version.hash}.mjs`, `${version.hash}.mjs.map`]);
  });

  it("follow the lines of the newest source when only comments changed", async () => {
    const { code, write, version, path } = await oneVersion();
    const before = await readFile(`${path}.map`, "utf8");
    await write({ "flows/x.ts": `// one more line\n${flowFile("x", 'return "good";')}` });
    expect((await code.resolve("x")).version.hash).toBe(version.hash);
    expect(await readFile(`${path}.map`, "utf8")).not.toBe(before);
  });

  it("are refused when damaged, and reported missing when gone", async () => {
    const { code, version, path } = await oneVersion();
    await writeFile(path, `${await readFile(path, "utf8")}globalThis.harm = true;\n`);
    expect(await userError(code.load(version.hash, "x"))).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("damaged"),
    });
    expect(Reflect.has(globalThis, "harm")).toBe(false);
    await rm(path);
    const missing = await userError(code.load(version.hash, "x"));
    expect(missing).toMatchObject({
      code: "not_found",
      message: `The version ${version.hash.slice(0, 12)} of flows/x.ts is missing`,
    });
    expect(await userError(code.load("0".repeat(64), "x"))).toMatchObject({ code: "not_found" });
  });
});
