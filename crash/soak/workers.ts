import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isProcessAlive, processStart } from "../../src/processes/identity.ts";
import { compileCache } from "../kills/life.ts";
import { below, type Random } from "../programs/random.ts";

const entry = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

const longestStopMs = 10_000;

interface Started {
  pid: number;
  start: string | null;
}

/** Worker processes as a user starts them; all but the first come to harm all the time. */
export class Workers {
  readonly #root: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #random: Random;
  readonly #started: Started[] = [];
  readonly counts = { SIGKILL: 0, SIGSTOP: 0, SIGTERM: 0 };
  /** What workers that were not killed said when they ended badly. */
  readonly complaints: string[] = [];
  #live: ChildProcess[];
  #isClosing = false;

  constructor(root: string, env: NodeJS.ProcessEnv, random: Random) {
    this.#root = root;
    this.#env = { ...env, NODE_COMPILE_CACHE: compileCache };
    this.#random = random;
    this.#live = [1, 2, 3].map(() => this.#spawn());
  }

  /** One of them gets a signal; who is stopped goes on some seconds later, who ended is replaced. */
  async harm(): Promise<void> {
    const place = 1 + below(this.#random, this.#live.length - 1);
    const victim = this.#live[place];
    if (victim === undefined) return;
    const draw = this.#random();
    const signal = draw < 0.5 ? "SIGKILL" : draw < 0.75 ? "SIGSTOP" : "SIGTERM";
    this.counts[signal]++;
    victim.kill(signal);
    if (signal !== "SIGSTOP") return this.#replace(place);
    await new Promise((resolve) => setTimeout(resolve, below(this.#random, 4_000)));
    victim.kill("SIGCONT");
  }

  /** Kilobytes in memory of the one that nobody harms. */
  residentKb(): number {
    const status = readFileSync(`/proc/${this.#live[0]?.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }

  /** Ends all of them as a user does. @returns those that still run */
  async close(): Promise<Started[]> {
    this.#isClosing = true;
    const exits = this.#live.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await exit;
    });
    await Promise.all(exits);
    const left = () => this.#started.filter(({ pid, start }) => isProcessAlive(pid, start));
    const giveUpAt = performance.now() + longestStopMs;
    // Those that were told to stop before and are replaced already.
    while (left().length > 0 && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 50));
    return left();
  }

  #replace(place: number): void {
    if (!this.#isClosing) this.#live[place] = this.#spawn();
  }

  #spawn(): ChildProcess {
    const child = spawn(process.execPath, [entry, "worker", "--project", this.#root], {
      cwd: this.#root,
      env: this.#env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (child.pid !== undefined) this.#started.push({ pid: child.pid, start: processStart(child.pid) });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-1_000);
    });
    child.once("exit", (code, signal) => {
      if (signal === "SIGKILL" || code === 0 || signal === "SIGTERM") return;
      this.complaints.push(`a worker ended with ${signal ?? code}: ${said}`);
      const place = this.#live.indexOf(child);
      if (place >= 0) this.#replace(place);
    });
    return child;
  }
}
