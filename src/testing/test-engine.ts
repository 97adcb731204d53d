import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Duration, parseDuration } from "../core/durations.ts";
import { UserError } from "../core/errors.ts";
import { shown } from "../core/shown.ts";
import type { Flow } from "../flows/flow.ts";
import type { RunOptions } from "../flows/handles.ts";
import { readRunOptions } from "../flows/run-options.ts";
import { openPrices, type PriceSettings } from "../models/prices.ts";
import type { Secrets } from "../secrets/vault.ts";
import type { CrashOptions, CrashPoint } from "./crash-options.ts";
import { type FakeClaude, type FakeClaudeScript, fakeClaude } from "./fake-claude.ts";
import { type AnyFlow, checkInput, FlowVersions, firstVersion } from "./flow-versions.ts";
import type { MockModels } from "./mock-provider.ts";
import { Session } from "./session.ts";
import { TestRun } from "./test-run.ts";

export interface TestEngineOptions {
  /** All that are run, those that others start as children included. */
  flows: readonly AnyFlow[];
  /** Answers in place of language models: one for all, or several by step, alias, "provider:model" or model. */
  model?: MockModels;
  /** Short names to "provider:model", where prices or providers matter; other names stand for models of their own. */
  aliases?: Readonly<Record<string, string>>;
  /** Dollars for a million tokens, by "provider:model". Beside the published prices. */
  prices?: PriceSettings;
  /** What Claude Code does, run by run: a real process that plays this script. */
  claude?: FakeClaudeScript;
  /** Secrets of the project: { github: { TOKEN: "…" } }. */
  secrets?: Readonly<Record<string, Record<string, string>>>;
  /** Environment variables that models and agents find, beside PATH and the like. */
  env?: Readonly<Record<string, string>>;
  /** When the clock begins. Default 2030-01-01T00:00:00Z. */
  now?: Date | string | number;
  /** The project's folder, which is kept. Default: a temporary one that is removed. */
  folder?: string;
  /** Whether time passes by itself where nothing else can happen. Default false. */
  autoAdvance?: boolean;
  /** Where the process dies and another one comes up; counted from the beginning. */
  crash?: CrashPoint;
  /**
   * Time stands still while a checkpoint is at work, until it has given no sign of life for so long, in real time.
   * Default 250 ms.
   */
  patience?: Duration;
}

export type TestRunOptions = Omit<RunOptions, "stack">;

/** The input may be left out where the flow takes none. */
type RunArguments<Input> = undefined extends Input
  ? [input?: Input, options?: TestRunOptions]
  : [input: Input, options?: TestRunOptions];

/**
 * Opens the real engine for a test: a store of its own in a temporary folder, a clock that the test moves, and no network.
 *
 * @example
 * await using t = openTestEngine({ flows: [review] });
 * const run = await t.run(review, { topic: "otters" });
 * await run.waitFor("approve");
 * await t.advance("2d");
 */
export function openTestEngine(options: TestEngineOptions): TestEngine {
  return new TestEngine(options);
}

/** A durable engine in the test's own process. `openTestEngine` makes one. */
export class TestEngine {
  readonly #session: Session;
  readonly #flows: FlowVersions;
  readonly #claude: FakeClaude | undefined;

  constructor(options: TestEngineOptions) {
    const { model, aliases = {}, prices = {}, claude, secrets = {}, env = {}, autoAdvance = false } = options;
    this.#flows = new FlowVersions(options.flows);
    let fake: FakeClaude | undefined;
    this.#session = new Session({
      flows: this.#flows,
      models: model,
      aliases,
      prices: openPrices(prices),
      hasClaude: claude !== undefined,
      startAt: options.now === undefined ? undefined : instantOf(options.now),
      folder: options.folder,
      autoAdvance,
      patienceMs: parseDuration(options.patience ?? 250, "ms", "patience"),
      env(folder) {
        if (claude !== undefined) fake = fakeClaude({ folder: join(folder, "claude"), script: claude });
        return { ...systemVariables(), ...fake?.env, ...env, SAVEPOINT_CONFIG_HOME: join(folder, "home") };
      },
    });
    this.#claude = fake;
    try {
      keepSecrets(this.#session.process.secrets, secrets);
      if (options.crash !== undefined) this.#session.crashAt(options.crash);
    } catch (error) {
      void this.close();
      throw error;
    }
  }

  /** The project's folder. */
  get folder(): string {
    return this.#session.folder;
  }

  /** The fake Claude Code and what it was called with. @throws UserError where the test has none */
  get claude(): FakeClaude {
    if (this.#claude !== undefined) return this.#claude;
    throw new UserError("not_found", "the test engine has no fake Claude Code", {
      hint: "Pass openTestEngine({ claude: { runs: [{}] } }).",
    });
  }

  /** Transactions of the store so far: where a process may die. */
  get writes(): number {
    return this.#session.writes;
  }

  /** How often a process has died. */
  get crashes(): number {
    return this.#session.crashes;
  }

  /** Puts an execution on the record. @throws UserError where the flow is not known here, or the input does not fit */
  async run<Input, Result>(flow: Flow<Input, Result>, ...given: RunArguments<Input>): Promise<TestRun<Result>> {
    const [input, options = {}] = given;
    const definition = this.#flows.known(flow);
    checkInput(definition, input);
    const { idempotencyKey = randomUUID(), tags = [], timeout, limits, models } = readRunOptions("t.run()", options);
    const request = {
      workflow: definition.name,
      target: `test:${definition.name}`,
      version: firstVersion,
      input,
      stack: "local",
      trigger: "api",
      tags,
      timeoutMs: timeout ?? definition.timeoutMs,
      limits: definition.limits === undefined && limits === undefined ? undefined : { ...definition.limits, ...limits },
      models,
      idempotencyKey,
    };
    const { id } = await this.#session.operate(({ engine }) => engine.run(request));
    return this.#runOf<Result>(id);
  }

  /** The time of the test. */
  now(): Date {
    return new Date(this.#session.clock.now());
  }

  /** Lets time pass, one due instant after the other: timers, retries and deadlines happen in their order. */
  async advance(duration: Duration): Promise<void> {
    await this.#session.advance(this.#session.clock.now() + parseDuration(duration, "ms", "advance"));
  }

  /** Lets time pass up to an instant. @throws UserError where that is over */
  async advanceTo(instant: Date | string | number): Promise<void> {
    const until = instantOf(instant);
    if (until < this.#session.clock.now()) {
      throw new UserError("invalid_input", `advanceTo(): ${new Date(until).toISOString()} is over`, {
        hint: `It is ${this.now().toISOString()}; time passes in one direction only.`,
      });
    }
    await this.#session.advance(until);
  }

  /** Lets time pass up to the next instant at which something is due. @throws UserError where nothing is */
  async advanceToNext(): Promise<void> {
    if (await this.#session.advanceToNext()) return;
    throw new UserError("invalid_state", "nothing is due, however much time passes", {
      hint: "Every execution has ended or waits for an answer without a deadline; run.pendingWaits() shows it.",
    });
  }

  /** Waits until nothing more happens without time or an answer. */
  async settled(): Promise<void> {
    await this.#session.settle();
  }

  /**
   * The process dies now: nothing more is written, and what it was running stays claimed. Another one comes up on the
   * same store and takes over.
   */
  async crash(options: CrashOptions = {}): Promise<void> {
    await this.#session.crash(options);
  }

  /** The process dies at a write, counted from now on, and another one comes up. */
  crashAt(point: CrashPoint): void {
    this.#session.crashAt(point);
  }

  /** Ends everything and removes the temporary folder. */
  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #runOf<Result>(executionId: string): TestRun<Result> {
    const host = {
      session: this.#session,
      withChanged: (flow: object, workflow: string) => this.#flows.withChanged(flow, workflow),
      run: (id: string) => this.#runOf<Result>(id),
    };
    return new TestRun<Result>(host, executionId);
  }
}

function instantOf(instant: Date | string | number): number {
  const at = new Date(instant).getTime();
  if (!Number.isNaN(at)) return at;
  throw new UserError("invalid_input", `${shown(instant)} is no instant`, {
    hint: 'Pass a Date, or a text such as "2030-01-01T09:00:00Z".',
  });
}

/** What programs need to run at all; what else the test's own environment says must not decide how a test ends. */
function systemVariables(): Record<string, string> {
  const names = ["PATH", "Path", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SystemRoot", "COMSPEC", "PATHEXT"];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function keepSecrets(vault: Secrets, secrets: Readonly<Record<string, Record<string, string>>>): void {
  for (const [name, values] of Object.entries(secrets)) vault.create({ name, values, visibility: "shared" });
}
