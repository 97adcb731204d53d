import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type AgentsOptions, createAgents } from "../agents/agents.ts";
import type { Clock } from "../core/clock.ts";
import { ModelError } from "../core/model-error.ts";
import type { Workplace } from "../core/workplace.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import type { EnginePorts } from "../engine/ports.ts";
import type { Worker } from "../engine/worker/worker.ts";
import type { FlowDefinition } from "../flows/flow.ts";
import { costOf, type Prices } from "../models/prices.ts";
import { argumentHasher } from "../secrets/data-key.ts";
import { guardSecrets } from "../secrets/guard.ts";
import { openProjectKeys } from "../secrets/project-keys.ts";
import { openVault, type Secrets } from "../secrets/vault.ts";
import { cliEntry } from "../stacks/detached.ts";
import { type Listings, openListings } from "../store/listings.ts";
import { openStore, type Store } from "../store/store.ts";
import { mortalClock } from "./clock.ts";
import type { FlowVersions } from "./flow-versions.ts";
import { type MockModels, MockProvider } from "./mock-provider.ts";
import { mortalStore, type OnWrite } from "./mortal-store.ts";

/** No clock of a test comes so far: the leases of a process that lives do not run out. */
const leaseMs = 1e14;
/** Executions that run at the same time. */
const concurrency = 1_000;

/** What every process of a test engine is made of. */
export interface ProcessPlan {
  folder: string;
  clock: Clock;
  env: NodeJS.ProcessEnv;
  flows: FlowVersions;
  models: MockModels | undefined;
  aliases: Readonly<Record<string, string>>;
  prices: Prices;
  hasClaude: boolean;
  onWrite: OnWrite;
  /** Something is done in real time. */
  onActivity(): void;
}

/** The store, the engine and a worker as one process has them. */
export class EngineProcess {
  readonly owner: string;
  readonly store: Store;
  readonly listings: Listings;
  readonly engine: Engine;
  readonly secrets: Secrets;
  readonly #bare: Store;
  readonly #worker: Worker;
  readonly #clock: ReturnType<typeof mortalClock>;
  readonly #models: MockProvider;
  readonly #agents = new Set<Promise<unknown>>();
  readonly #plug = { isPulled: false };
  #closed: Promise<void> | undefined;

  constructor(plan: ProcessPlan, owner: string) {
    const { folder, env, onWrite, onActivity } = plan;
    const clock = mortalClock(plan.clock);
    const place = { folder: join(folder, "home"), env, keyStore: "file" as const };
    const keys = openProjectKeys(() => this.store.settings, place);
    this.owner = owner;
    this.#clock = clock;
    this.#bare = openStore(join(folder, ".savepoint"), { protect: (parts) => guardSecrets(parts, keys) });
    this.store = mortalStore(this.#bare, this.#plug, onWrite);
    this.listings = openListings(this.store);
    this.secrets = openVault({ store: this.#bare, keys, place, clock });
    const { models, aliases, prices } = plan;
    const parts = { store: this.store, clock, env };
    this.#models = new MockProvider({ ...parts, secrets: this.secrets, models, aliases, prices, onActivity });
    const hash = argumentHasher(keys().dataKey);
    const ports: EnginePorts = {
      loadFlow: async (version, workflow) => ({ definition: flowOf(plan, version, workflow), dependencyChanges: {} }),
      loadedFlow: (version, workflow) => plan.flows.find(version, workflow),
      hashArguments: hash,
      readSecret: (name, key, workflow) => this.secrets.read(name, key, workflow),
      askModel: this.#models.askModel,
      runAgent: this.#agentPort(plan, parts),
    };
    this.engine = createEngine({ store: this.store, clock, ports });
    this.#worker = this.engine.startWorker({ id: owner, concurrency, leaseMs, renewer: () => ({ async stop() {} }) });
  }

  get isDead(): boolean {
    return this.#plug.isPulled;
  }

  /** Executions that its worker holds. */
  get load(): number {
    return this.#worker.load;
  }

  get modelsAreAtWork(): boolean {
    return this.#models.isAtWork;
  }

  /** Answers of models that the clock holds back. */
  get delayedAnswers(): number {
    return this.#models.delayed;
  }

  get agentsAreAtWork(): boolean {
    return this.#agents.size > 0;
  }

  /** A write that belongs to the test and not to the process. */
  writeBeside<T>(work: () => T): T {
    return this.#bare.write(work);
  }

  /** Dies like a process that is killed: nothing more is written, and what it has claimed stays claimed. */
  die(): void {
    if (this.#plug.isPulled) return;
    this.#plug.isPulled = true;
    this.#clock.stop();
    // The worker looks, finds that it holds nothing, and drops what it runs.
    this.#worker.lookAgain();
  }

  /** Resolves when nothing of it is left, the programs of its agents included. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.die();
    await this.engine.close();
    const isOver = new AbortController();
    const limit = pause(longestEndMs, undefined, { signal: isOver.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(this.#agents), limit]);
    isOver.abort();
    this.#bare.close();
  }

  /** A dead process writes nothing; its agents must not wait for that, or nobody could wait for their programs. */
  #mortal(workplace: Workplace): Workplace {
    const unlessDead = (write: () => Promise<void>) => (this.isDead ? Promise.resolve() : write());
    const { budget } = workplace;
    return {
      ...workplace,
      budget: { ...budget, spend: (usage) => unlessDead(() => budget.spend(usage)) },
      write: (apply) => unlessDead(() => workplace.write(apply)),
      forgetGroup: (pid) => unlessDead(() => workplace.forgetGroup(pid)),
    };
  }

  #agentPort(
    { folder, hasClaude, prices }: ProcessPlan,
    parts: Pick<AgentsOptions, "store" | "clock" | "env">,
  ): EnginePorts["runAgent"] {
    const agents = createAgents({
      ...parts,
      projectRoot: folder,
      serverProgram: { command: process.execPath, args: [cliEntry, "mcp", "--project", folder] },
      costOf: (model, usage) => costOf(prices("anthropic", model), usage),
    });
    return (request, workplace) => {
      if (request.kind === "claude" && !hasClaude) return Promise.reject(noClaude(workplace.step));
      const work = agents.run(request, this.#mortal(workplace));
      this.#agents.add(work);
      return work.finally(() => this.#agents.delete(work));
    };
  }
}

/** How long the programs of agents may take to end. */
const longestEndMs = 3_000;

function flowOf({ flows }: ProcessPlan, version: string, workflow: string): FlowDefinition {
  const definition = flows.find(version, workflow);
  if (definition === undefined) throw new Error(`the test engine has no flow ${workflow}`);
  return definition;
}

function noClaude(step: string): ModelError {
  return new ModelError("not_mocked", `${JSON.stringify(step)} runs Claude Code, which the test does not fake`, {
    hint: 'Pass openTestEngine({ claude: { runs: [{ turns: [{ text: "done" }] }] } }): what it does, run by run.',
  });
}
