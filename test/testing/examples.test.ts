import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/testing.md`, "utf8");
const files = readdirSync(`${root}examples/testing`);

test.each(files)("docs/testing.md shows %s as it is run", (file) => {
  const code = readFileSync(`${root}examples/testing/${file}`, "utf8");
  expect(page).toContain(`\`\`\`ts\n// testing/${file}\n${code}\`\`\`\n`);
});

test("every example of the page is a file that is run", () => {
  const named = [...page.matchAll(/^```ts\n(?:\/\/ testing\/(\S+))?/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(files.toSorted());
});

test("the runner of Node.js itself runs a test on what ships", () => {
  const args = ["--test", "--test-reporter=tap", "examples/testing/reminder-node.ts"];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    env: runnerless(),
  });
  expect(stderr).not.toMatch(/Error/);
  expect(stdout).toContain("ok 1 - a reminder comes after a week");
  expect(status).toBe(0);
});

/** A runner inside a runner would report to it. */
function runnerless(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  return env;
}
