import {
  checkpoint,
  checkpointContext,
  executionId,
  flow,
  load,
  log,
  now,
  progress,
  save,
  sleep,
  uuid,
  wait,
} from "../src/index.ts";
import type { EngineProcess } from "./simulated/process.ts";
import type { World } from "./simulated/world.ts";

/** A fixed flow of all primitives. `onRun` is told whenever the body of one of its checkpoints begins. */
export function scenario(onRun: (name: string) => void) {
  const work = (name: string) =>
    checkpoint(name, async (input: unknown) => {
      onRun(name);
      progress({ stage: name });
      log({ [name]: "logged" });
      return { name, input };
    });
  const [draft, left, right, last] = [work("draft"), work("left"), work("right"), work("last")];
  const [item, aside] = [work("item"), work("aside")];
  const failing = checkpoint("failing", async () => {
    onRun("failing");
    throw new TypeError("as always");
  });
  const flaky = checkpoint(
    "flaky",
    async () => {
      const { attempt } = checkpointContext();
      onRun(`flaky ${attempt}`);
      if (attempt === 1) throw new Error("the first time");
      await save("from the checkpoint", attempt);
      return attempt;
    },
    { retries: { max: 1, backoff: "1m" } },
  );
  const below = flow("below", async () => aside("below"));
  const all = flow("all", async () => {
    const stamp = { id: uuid(), at: now() };
    log({ phase: "begun", counts: { a: 1 } });
    const submitted = aside.submit("tea");
    const text = await draft("tea");
    const parts = await Promise.all([left(text), right(text), sleep(5_000)]);
    await save("report", { stamp, parts });
    const caught = await failing().catch((error: Error) => [error.message, String(error.cause)]);
    const attempts = await flaky();
    const items = await item.map([1, 2], { concurrency: 1 });
    const child = await below.run(undefined);
    const winner = await Promise.race([sleep("10d").then(() => "sleep"), wait({ name: "approve" })]);
    await sleep("2h");
    log({ phase: "nearly done", counts: { b: 2 } });
    progress({ stage: "last" });
    const closing = await wait({ name: "close", timeout: "1d" });
    const loaded = (await load(executionId(), "report")) as { stamp: unknown };
    return {
      isStable: JSON.stringify(loaded.stamp) === JSON.stringify(stamp),
      caught,
      attempts,
      items: items.length,
      submitted: (await submitted.result()).name,
      child: (await child.result()).input,
      winner,
      closing,
      end: (await last(parts)).name,
    };
  });
  return { flow: all, others: [below] };
}

export const scenarioResult = {
  isStable: true,
  caught: ["checkpoint failing failed: as always", "TypeError: as always"],
  attempts: 2,
  items: 2,
  submitted: "aside",
  child: "below",
  winner: "the answer to approve",
  closing: "the answer to close",
  end: "last",
};

export const scenarioWorld: World = { reactTo: (wait) => ({ answer: `the answer to ${wait}` }) };

/** What must be the same however often the process died, of the execution itself. */
export function endState({ store }: Pick<EngineProcess, "store">, id: string): object {
  const execution = store.executions.byId(id);
  if (execution === undefined) throw new Error(`there is no execution ${id}`);
  const { seq, status, metadata, progress: latest } = execution;
  const entries = store.journal
    .load(seq)
    .map(({ kind, name, occurrence, status: ended, argumentsHash, output, failure, attempt, metadata: told }) => {
      const outcome = kind === "value" || kind === "load" ? null : output;
      const hash = kind === "load" ? null : argumentsHash;
      return JSON.stringify({ kind, name, occurrence, ended, hash, outcome, failure: failure?.message, attempt, told });
    });
  // A checkpoint that runs again saves again: of one name the newest wins.
  const artifacts = new Set(store.artifacts.list(seq).map(({ name }) => name));
  const children = store
    .reader()
    .prepare("SELECT workflow, status FROM executions WHERE parent_seq = ? ORDER BY seq")
    .all(seq);
  return { status, metadata, latest, entries: entries.sort(), artifacts: [...artifacts], children };
}

/** Names of the scenario's checkpoints whose end is on the record. */
export function committed({ store }: Pick<EngineProcess, "store">, id: string | undefined): Set<string> {
  const seq = id === undefined ? undefined : store.executions.byId(id)?.seq;
  const entries = seq === undefined ? [] : store.journal.load(seq);
  return new Set(
    entries.flatMap(({ name, kind, position }) => (kind === "checkpoint" && position !== null ? [name] : [])),
  );
}
