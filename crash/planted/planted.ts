import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder } from "../folder.ts";
import { inLanes } from "../suites/suite.ts";
import { type Bug, bugs } from "./bugs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const lanes = 2;
const arguments_ = ["--json", "--programs", "120", "--kills", "10", "--only", "programs,kills,zombie,races"];

export interface Planted {
  bug: string;
  /** How many mismatches each suite found. */
  caughtBy: Record<string, number>;
  example: string | undefined;
}

/** Plants one bug after another in a copy of the sources and runs the suites there. @throws Error when a text is gone */
export async function plantAll(seed: number, tell: (planted: Planted) => void): Promise<Planted[]> {
  const all: Planted[] = [];
  await inLanes(lanes, bugs, async (bug) => {
    const planted = await inFolder((folder) => plant(bug, folder, seed));
    all.push(planted);
    tell(planted);
  });
  return all;
}

async function plant(bug: Bug, folder: string, seed: number): Promise<Planted> {
  for (const part of ["src", "crash", "package.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const { file, from, to } of bug.edits) replaceOnce(join(folder, file), from, to);
  const child = spawn(process.execPath, ["crash/run.ts", "--seed", String(seed), ...arguments_], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [said, complained] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complained += chunk.toString();
  });
  await once(child, "close");
  if (child.exitCode !== 0 && child.exitCode !== 1) throw new Error(`${bug.name}: ${complained.slice(-1_000)}`);
  return { bug: bug.name, ...found(said) };
}

function replaceOnce(path: string, from: string, to: string): void {
  const parts = readFileSync(path, "utf8").split(from);
  if (parts.length !== 2)
    throw new Error(`${path} has ${parts.length - 1} places with ${JSON.stringify(from)}: mend bugs.ts`);
  writeFileSync(path, parts.join(to));
}

function found(json: string): Pick<Planted, "caughtBy" | "example"> {
  const { failures } = JSON.parse(json) as { failures: { suite: string; what: string }[] };
  const caughtBy: Record<string, number> = {};
  for (const { suite } of failures) caughtBy[suite] = (caughtBy[suite] ?? 0) + 1;
  const [first] = failures;
  return { caughtBy, example: first && `${first.suite}: ${first.what.split("\n")[0]?.slice(0, 200)}` };
}
