import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type App, openApp } from "../../src/app.ts";
import { clientOn } from "../../src/client/local.ts";
import type { Operations } from "../../src/client/operations.ts";
import { decodeValue } from "../../src/core/values.ts";
import type { Execution } from "../../src/store/execution.ts";
import { WorkerProcess, type WorkerSettings } from "./worker-process.ts";

const flows = fileURLToPath(new URL("../flows", import.meta.url));
const longestMs = 120_000;

/** A real project folder with the flows of the benchmark, opened by this process as by a server; workers are others. */
export class BenchProject {
  readonly root: string;
  readonly app: App;
  /** The operations, as tools call them. */
  readonly operations: Operations;
  readonly #env: NodeJS.ProcessEnv;
  readonly #workers: WorkerProcess[] = [];

  static async open(folder: string, name = "project"): Promise<BenchProject> {
    const root = join(folder, name);
    cpSync(flows, join(root, "flows"), { recursive: true });
    const env = { PATH: process.env["PATH"], SAVEPOINT_CONFIG_HOME: `${root}-home` };
    mkdirSync(env.SAVEPOINT_CONFIG_HOME);
    return new BenchProject(root, env, await openApp({ project: root, env, ensureWorker: false }));
  }

  private constructor(root: string, env: NodeJS.ProcessEnv, app: App) {
    this.root = root;
    this.#env = env;
    this.app = app;
    this.operations = clientOn(app, (message) => console.error(`bench: ${message}`));
  }

  /** Starts a worker process and waits until it is at work. */
  async worker(settings: WorkerSettings = {}): Promise<WorkerProcess> {
    const env = { ...this.#env, ...settings.env };
    const worker = new WorkerProcess(this.root, `${this.root}.log`, { ...settings, env });
    this.#workers.push(worker);
    await worker.until("sign of life", () =>
      this.app.stack.workers().find(({ pid, state }) => pid === worker.pid && state === "active"),
    );
    return worker;
  }

  /** Puts executions of one flow on the record, one for each input. */
  async run(target: string, inputs: readonly unknown[]): Promise<Execution[]> {
    const { version, flow } = await this.app.code.resolve(target);
    const { name: workflow } = flow;
    const shared = { workflow, target, version: version.hash, stack: "local", trigger: "api", tags: ["bench"] };
    return Promise.all(inputs.map((input) => this.app.engine.run({ ...shared, input, timeoutMs: null })));
  }

  async reached({ id }: Execution, ...statuses: Execution["status"][]): Promise<Execution> {
    const isThere = ({ status }: Execution) => statuses.includes(status);
    const execution = await this.app.engine.watch(id, isThere, { timeoutMs: longestMs });
    if (!isThere(execution)) throw new Error(`not ${statuses.join(" or ")}: ${JSON.stringify(execution)}`);
    return execution;
  }

  /** What a flow returned. */
  async result(execution: Execution): Promise<unknown> {
    const ended = await this.reached(execution, "completed");
    if (ended.status !== "completed" || ended.result === null) throw new Error("it has no result");
    return decodeValue(this.app.store.payloads.read(ended.result));
  }

  count(sql: string): number {
    return Number(this.app.store.reader().prepare(sql).pluck().get());
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.stop();
    await this.app.close();
  }
}
