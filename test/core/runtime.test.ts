import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isEntry, isSupported } from "../../src/core/runtime.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const oldNode = findOldNode("/usr/bin/node");
const whySkipped = oldNode === undefined ? " (skipped: /usr/bin/node is missing or not older than 22)" : "";
const refusal = /^savepoint needs Node\.js 22\.18 or newer; this is \S+ \(.+\)\. Install it .+\n$/;

describe("the supported versions", () => {
  it.each(["22.18.0", "v22.18.0", "22.20.1", "24.0.0", "25.0.0-nightly2026"])("%s is new enough", (version) => {
    expect(isSupported(version)).toBe(true);
  });

  it.each(["22.17.9", "20.20.2", "v18.0.0", "", "unknown"])("%j is not", (version) => {
    expect(isSupported(version)).toBe(false);
  });

  it("begin where package.json says", () => {
    const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    expect(engines.node).toBe(">=22.18");
  });

  it("do not matter to a module that was only imported", () => {
    expect(isEntry(import.meta.url)).toBe(false);
  });
});

describe.skipIf(oldNode === undefined)(`on an old Node.js${whySkipped}`, () => {
  let home: string;
  let started: ChildProcess[];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "savepoint-runtime-"));
    started = [];
  });

  afterEach(() => {
    for (const child of started) child.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });

  it("the bin of a checkout answers from the checkout's own Node.js", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const ended = await run(join(root, "dist/cli/main.js"), ["--version"]);
    expect(ended).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: "" });
  });

  it("the bin of a checkout ends with the exit code of what it started", async () => {
    const ended = await run(join(root, "dist/cli/main.js"), ["wrker"]);
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toContain("Did you mean worker?");
  });

  it.each(["dist/cli/main.js", "dist/server.js"])(
    "%s of an installed package says in one line what it needs",
    async (entry) => {
      cpSync(join(root, "dist"), join(home, "dist"), { recursive: true });
      cpSync(join(root, "package.json"), join(home, "package.json"));
      const ended = await run(join(home, entry), ["--version"]);
      expect(ended).toMatchObject({ code: 1, signal: null, stdout: "", stderr: expect.stringMatching(refusal) });
      expect(ended.stderr).toContain(`this is ${oldVersion()} (${oldNode})`);
    },
  );

  it("a checkout whose own Node.js is too old as well is refused", async () => {
    const entry = writeCheckout("process.stdout.write('ran');", { runtime: oldNode });
    expect(await run(entry)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(refusal) });
  });

  it("a checkout whose own Node.js cannot be run is refused", async () => {
    const entry = writeCheckout("process.stdout.write('ran');", { runtime: join(root, "package.json") });
    expect(await run(entry)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(refusal) });
  });

  it("a command that was handed over once is not handed over again", async () => {
    const entry = writeCheckout("process.stdout.write('ran');");
    const env = { ...process.env, SAVEPOINT_HANDED_OVER: "1" };
    expect(await run(entry, [], { env })).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(refusal),
    });
  });

  it("arguments and flags of Node.js are passed on, and the mark of the handover is not", async () => {
    const entry = writeCheckout(`process.stdout.write(JSON.stringify([
      process.argv.slice(2), process.execArgv, process.env.SAVEPOINT_HANDED_OVER ?? null, process.versions.node,
    ]));`);
    const child = start(
      [
        ["--no-warnings", entry],
        ["a b", "--flag", ""],
      ].flat(),
    );
    const ended = await outcome(child);
    expect(JSON.parse(ended.stdout)).toEqual([["a b", "--flag", ""], ["--no-warnings"], null, process.versions.node]);
  });

  it("stdin and stdout are the caller's", async () => {
    const child = start([writeCheckout("process.stdin.pipe(process.stdout);")]);
    child.stdin?.end("one\ntwo\n");
    expect(await outcome(child)).toEqual({ code: 0, signal: null, stdout: "one\ntwo\n", stderr: "" });
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s reaches the command, which decides how to end",
    async (signal) => {
      const entry = writeCheckout(`
      process.on("${signal}", () => { process.exitCode = 7; clearInterval(life); });
      const life = setInterval(() => {}, 1000);
      process.stdout.write("ready\\n");`);
      const child = start([entry]);
      await printed(child, "ready");
      child.kill(signal);
      expect(await outcome(child)).toMatchObject({ code: 7, signal: null });
    },
  );

  it("a command that is killed by a signal ends the wrapper by the same signal", async () => {
    const ended = await run(writeCheckout("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);"));
    expect(ended).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  it("killing the wrapper ends the command, and politely", async () => {
    const note = join(home, "ended");
    const entry = writeCheckout(`
      import { writeFileSync } from "node:fs";
      process.on("exit", () => writeFileSync(${JSON.stringify(note)}, ""));
      process.on("SIGTERM", () => process.exit());
      setInterval(() => {}, 1000);
      process.stdout.write("ready\\n");`);
    const child = start([entry]);
    await printed(child, "ready");
    child.kill("SIGKILL");
    await expect.poll(() => existsSync(note), { timeout: 10_000 }).toBe(true);
  });

  it("the channel to the wrapper keeps no finished command alive", async () => {
    const ended = await Promise.race([run(writeCheckout("process.exitCode = 3;")), delay(10_000, "still running")]);
    expect(ended).toMatchObject({ code: 3 });
  });

  /** A package of its own around the built runtime check: what `body` does stands for the rest of Savepoint. */
  function writeCheckout(body: string, { runtime = process.execPath } = {}): string {
    mkdirSync(join(home, "dist/core"), { recursive: true });
    mkdirSync(join(home, "node_modules/node/bin"), { recursive: true });
    cpSync(join(root, "dist/core/runtime.js"), join(home, "dist/core/runtime.js"));
    writeFileSync(join(home, "package.json"), '{ "type": "module" }');
    writeFileSync(join(home, "dist/body.js"), body);
    symlinkSync(runtime, join(home, "node_modules/node/bin/node"));
    const entry = join(home, "dist/entry.js");
    writeFileSync(
      entry,
      'import { ensureRuntime } from "./core/runtime.js";\nif (await ensureRuntime()) await import("./body.js");\n',
    );
    return entry;
  }

  function run(entry: string, argv: string[] = [], options: SpawnOptions = {}): Promise<Outcome> {
    return outcome(start([entry, ...argv], options));
  }

  function start(argv: string[], options: SpawnOptions = {}): ChildProcess {
    const child = spawn(oldNode ?? "", argv, { stdio: "pipe", ...options });
    started.push(child);
    return child;
  }
});

interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout, stderr };
}

async function printed(child: ChildProcess, words: string): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += chunk;
    if (text.includes(words)) return text;
  }
  throw new Error(`the process ended without printing ${words}: ${text}`);
}

function findOldNode(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const version = execFileSync(path, ["--version"], { encoding: "utf8" });
  return Number.parseInt(version.slice(1), 10) < 22 ? path : undefined;
}

function oldVersion(): string {
  return execFileSync(oldNode ?? "", ["--version"], { encoding: "utf8" })
    .trim()
    .slice(1);
}
