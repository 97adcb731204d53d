import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileCache } from "../kills/life.ts";
import type { Command, Message, Outcome } from "./protocol.ts";

const entry = fileURLToPath(new URL("./member.ts", import.meta.url));

/** A process that this one tells what to do. */
export class Member {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  readonly problems: string[] = [];
  #next = 1;

  constructor() {
    this.#child = fork(entry, {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => this.#receive(message as Message));
    this.#child.once("exit", (code, signal) => this.#fail(`the member ended with ${signal ?? code}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws Error with the code of what it answers as `name` */
  tell(command: Command): Promise<unknown> {
    const id = this.#next++;
    const reply = Promise.withResolvers<unknown>();
    this.#open.set(id, reply);
    this.#child.send({ id, command });
    return reply.promise;
  }

  /** How each of several calls came out. */
  async outcomes(command: Extract<Command, { do: "run" | "answer" }>): Promise<Outcome[]> {
    return (await this.tell(command)) as Outcome[];
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until it stands still after SIGSTOP. */
  async stopped(): Promise<void> {
    await until(`process ${this.pid} to stand still`, () => stateOf(this.pid) === "T");
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }

  #receive(message: Message): void {
    if ("problem" in message) {
      this.problems.push(message.problem);
      return;
    }
    const reply = this.#open.get(message.id);
    this.#open.delete(message.id);
    if ("error" in message)
      reply?.reject(Object.assign(new Error(message.error.message), { name: message.error.code }));
    else reply?.resolve(message.value);
  }

  #fail(why: string): void {
    for (const reply of this.#open.values()) reply.reject(new Error(why));
    this.#open.clear();
  }
}

/** Starts so many members, each with its connections to the folder, and ends them when the work is over. */
export async function withMembers<T>(
  many: number,
  folder: string,
  work: (members: Member[]) => Promise<T>,
): Promise<T> {
  const members = Array.from({ length: many }, () => new Member());
  try {
    await Promise.all(members.map((member) => member.tell({ do: "open", folder, connections: 2 })));
    return await work(members);
  } finally {
    await Promise.all(members.map((member) => member.end()));
  }
}

/** Looks again and again until something holds. */
export async function until(what: string, holds: () => boolean, longestMs = 20_000): Promise<void> {
  const giveUpAt = performance.now() + longestMs;
  while (!holds()) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${longestMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The state letter of a process; undefined when it is gone. */
export function stateOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[0];
  } catch {
    return undefined;
  }
}
