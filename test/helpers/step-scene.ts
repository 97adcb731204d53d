import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { decodeValue } from "../../src/core/values.ts";
import type { RunRequest } from "../../src/engine/control/runs.ts";
import type { Execution } from "../../src/store/execution.ts";
import type { JournalEntry } from "../../src/store/journal.ts";
import { type DefinitionOptions, flowOf } from "./definitions.ts";
import { openTestEngine, type TestEngine, type TestEngineOptions } from "./engine.ts";

interface StepSceneOptions extends DefinitionOptions {
  input?: Record<string, unknown>;
  request?: Partial<RunRequest>;
  engine?: TestEngineOptions;
}

/** What came of an execution. */
export interface StepRunEnd {
  t: TestEngine;
  execution: Execution;
  /** Output of the step, as others see it; undefined where it has none. */
  output(step: string): unknown;
  entry(step: string): JournalEntry;
  artifacts: Record<string, unknown>;
}

export interface StepScene {
  /** The project's folder, which is not that of the store. */
  project(): string;
  start(text: string, options?: StepSceneOptions): Promise<{ t: TestEngine; id: string }>;
  /** Runs a definition to its end. */
  run(text: string, options?: StepSceneOptions): Promise<StepRunEnd>;
}

/** For a test file: definitions run on the real engine, in a project folder of their own. */
export function useStepScene(): StepScene {
  let root: string;
  let open: TestEngine[];
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "savepoint-steps-")));
    mkdirSync(join(root, "project"));
    open = [];
  });
  afterEach(async () => {
    for (const one of open) await one.close();
    rmSync(root, { recursive: true, force: true });
  });
  const project = () => join(root, "project");
  const start = async (text: string, { ports, input = {}, request, engine, ...options }: StepSceneOptions = {}) => {
    const around = { projectRoot: project(), env: { PATH: process.env["PATH"] }, ...ports };
    const flow = flowOf(text, { ...options, ports: around });
    // A store for each: a worker of one definition must not meet an execution of another one of its name.
    const t = openTestEngine(join(root, `store-${open.length}`), [flow], engine);
    open.push(t);
    t.work();
    return { t, id: (await t.start(flow, input, request)).id };
  };
  return {
    project,
    start,
    async run(text, options) {
      const { t, id } = await start(text, options);
      return endOf(t, await t.ended(id));
    },
  };
}

export function endOf(t: TestEngine, execution: Execution): StepRunEnd {
  const read = (column: string | null | undefined) =>
    column === null || column === undefined ? undefined : decodeValue(t.store.payloads.read(column));
  const saved = t.store.artifacts.list(execution.seq).map(({ name }) => {
    return [name, read(t.store.artifacts.newest(execution.seq, name)?.value)] as const;
  });
  return {
    t,
    execution,
    output: (step) => read(t.entry(execution.id, step).output),
    entry: (step) => t.entry(execution.id, step),
    artifacts: Object.fromEntries(saved),
  };
}
