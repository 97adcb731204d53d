import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const src = join(root, "src");
const dist = join(root, "dist");

process.exitCode = build();

/** Makes dist/ what src/ says, in place: a server that runs from dist/ meanwhile keeps every file it may still load. */
function build(): number {
  forgetLostOutputs();
  const tsc = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit",
  });
  removeStaleOutputs();
  // npm makes a bin executable when it installs the package, but nobody does so in a checkout.
  chmodSync(join(dist, "cli/main.js"), 0o755);
  return tsc.status ?? 1;
}

/** An incremental tsc believes its notes and never looks whether an output still exists. */
function forgetLostOutputs(): void {
  const lost = files(src).some((file) => !existsSync(join(dist, file.replace(/\.ts$/, ".js"))));
  if (lost) rmSync(join(dist, ".tsbuildinfo"), { force: true });
}

function removeStaleOutputs(): void {
  for (const file of files(dist)) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (file !== ".tsbuildinfo" && !existsSync(join(src, source))) rmSync(join(dist, file));
  }
}

function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
