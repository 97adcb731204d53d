import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Builds dist/ once per test run, so that tests of whole processes run what ships. */
export function setup(): void {
  const build = spawnSync(process.execPath, ["scripts/build.ts"], { cwd: root, encoding: "utf8" });
  if (!existsSync(`${root}dist/server.js`)) throw new Error(`dist/ was not built:\n${build.stdout}${build.stderr}`);
  // tsc emits despite type errors; `npm run check` refuses them, but they should not keep anyone from running a test.
  if (build.status !== 0) process.stderr.write(`dist/ was built with errors:\n${build.stdout}${build.stderr}\n`);
}
