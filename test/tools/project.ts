import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type App, type AppOptions, openApp } from "../../src/app.ts";
import { callOperation } from "../../src/tools/call.ts";
import type { CallError } from "../../src/tools/call-error.ts";
import type { ExecutionView } from "../../src/tools/execution-schema.ts";
import type { CallContext } from "../../src/tools/operation.ts";

/** A project in a temporary folder, opened as a server opens it, with a worker in this very process. */
export class ToolProject {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "savepoint-tools-")));
  readonly problems: string[] = [];
  readonly #apps: App[] = [];
  #app: App | undefined;

  constructor(files: Record<string, string> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.root, name)), { recursive: true });
    writeFileSync(join(this.root, name), text);
  }

  /** Opens the project once more, without a worker unless asked for one. */
  async open({ worker = false, ...options }: AppOptions & { worker?: boolean } = {}): Promise<App> {
    const env = { ...process.env, SAVEPOINT_CONFIG_HOME: join(this.root, "home") };
    const app = await openApp({ project: this.root, env, ensureWorker: false, ...options });
    if (worker) app.engine.startWorker({ concurrency: 5, onProblem: (message) => this.problems.push(message) });
    this.#apps.push(app);
    return app;
  }

  /** The app that calls go to. */
  async app(): Promise<App> {
    this.#app ??= await this.open({ worker: true });
    return this.#app;
  }

  /** The process of the worker and of the calls is gone, and another takes its place. */
  async crash(): Promise<void> {
    await this.#app?.close();
    this.#app = await this.open({ worker: true });
  }

  /** Calls go to this app from now on. */
  use(app: App): void {
    this.#app = app;
  }

  async outcome(name: string, args: unknown, context: Partial<CallContext> = {}) {
    const onProblem = (message: string) => this.problems.push(message);
    const { signal } = new AbortController();
    return callOperation({ app: await this.app(), signal, onProblem, ...context }, name, args);
  }

  /** The answer of a call that is to succeed. */
  async call<T = ExecutionView>(name: string, args: unknown = {}, context: Partial<CallContext> = {}): Promise<T> {
    const outcome = await this.outcome(name, args, context);
    if (outcome.ok) return outcome.value as T;
    throw new Error(`${name} failed: ${JSON.stringify(outcome.error, null, 1)}`);
  }

  /** The error of a call that is to fail. */
  async error(name: string, args: unknown): Promise<CallError> {
    const outcome = await this.outcome(name, args);
    if (!outcome.ok) return outcome.error;
    throw new Error(`${name} succeeded: ${JSON.stringify(outcome.value, null, 1)}`);
  }

  async close(): Promise<void> {
    for (const app of new Set(this.#apps)) await app.close();
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

export interface List<T> {
  items: T[];
  next_cursor: string | null;
  total: number;
  total_is_exact: boolean;
}

/** Every page of a listing, by its cursors. */
export async function pages<T>(project: ToolProject, name: string, args: Record<string, unknown>): Promise<T[][]> {
  const found: T[][] = [];
  let cursor: string | null | undefined;
  do {
    const page: List<T> = await project.call(name, { ...args, ...(cursor && { cursor }) });
    found.push(page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

/** An array in an array, so many times. */
export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

const imports = `import { checkpoint, flow, log, progress, save, sleep, wait } from "savepoint";
import { z } from "zod";
`;

/** The text of a flow file. */
export function flowFile(body: string): string {
  return imports + body;
}

/** A flow that drafts, saves, asks, and returns what was approved. */
export const reviewFlow = flowFile(`
const draft = checkpoint("draft", async (topic: string) => {
  log({ words: 3 });
  return "Draft for " + topic;
});
export const review = flow("review", async ({ topic }: { topic: string }) => {
  log({ topic });
  const text = await draft(topic);
  await save("report", { text }, { tags: ["review"] });
  const approved = await wait({ name: "approve", question: "Publish it?", schema: z.boolean() });
  return approved ? text : "Rejected";
}, { input: z.strictObject({ topic: z.string(), tone: z.enum(["dry", "warm"]).optional() }) });
`);
