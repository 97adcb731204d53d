import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { TestRun } from "../../src/testing/test-run.ts";
import type { CrashPoint } from "../../src/testing/testing.ts";
import { openTestEngine } from "../../src/testing/testing.ts";
import { isRepeatable, type RunCase, readCases } from "./case-file.ts";
import { type CaseWorld, openWorld } from "./case-world.ts";

const cases = readCases(fileURLToPath(new URL("cases/", import.meta.url)));
const writes = new Map<string, number>();

describe("a definition", () => {
  test.for(cases)("$name: $title", async (one) => {
    writes.set(one.name, await runCase(one));
  });
});

describe("a process that dies halfway changes nothing of it", () => {
  test.for(cases.filter(isRepeatable).filter((_, index) => index % 2 === 0))("$name", async (one) => {
    const half = Math.ceil((writes.get(one.name) ?? 8) / 2);
    await runCase(one, { write: half, side: "after" });
  });
});

/** @returns how many writes it took */
async function runCase(given: RunCase, crash?: CrashPoint): Promise<number> {
  const world = await openWorld(given);
  const t = openTestEngine({
    flows: world.flows,
    model: world.models,
    secrets: given.secrets,
    env: given.env,
    autoAdvance: true,
    // Servers and programs take their time to start.
    patience: given.isStuck ? "100ms" : "10s",
    ...(given.claude !== undefined && { claude: { runs: given.claude } }),
    ...(crash !== undefined && { crash }),
  });
  try {
    const options = given.runModels === undefined ? {} : { models: given.runModels };
    const run = await t.run(world.flow, given.input, options);
    for (const one of given.people) {
      if ("nobodyFor" in one) await t.advance(one.nobodyFor);
      else {
        await run.waitFor(one.wait);
        await run.answer(one.value, { wait: one.wait });
      }
    }
    await checkEnd(given, run);
    await checkRecord(given, run);
    checkWorld(given, world);
    return t.writes;
  } finally {
    await t.close();
    await world.close();
  }
}

async function checkEnd(given: RunCase, run: TestRun): Promise<void> {
  const end = await run.result().then(
    (output) => ({ output }),
    async (error: unknown) => {
      const failure = await run.failure();
      if (failure === null) throw error;
      return { failure };
    },
  );
  if (given.outputHas !== undefined) expect(end).toMatchObject({ output: given.outputHas });
  else if (given.failure === undefined) expect(end).toEqual({ output: given.output ?? null });
  else {
    const { message, ...rest } = given.failure;
    expect(end).toMatchObject({ failure: { ...rest, message: expect.stringContaining(message) } });
  }
}

async function checkRecord(given: RunCase, run: TestRun): Promise<void> {
  const checkpoints = await run.checkpoints();
  const told = <T>(of: (one: (typeof checkpoints)[number]) => T) =>
    Object.fromEntries(checkpoints.map((one) => [one.selector, of(one)]));
  expect(told(({ status }) => status)).toMatchObject(given.statuses);
  expect(told(({ attempt }) => attempt)).toMatchObject(given.attempts);
  expect(told(({ failure }) => failure?.code)).toMatchObject(given.codes);
  const events = await run.events();
  const timeline = events.flatMap(({ type, about }) => [type, `${type} ${about}`]);
  let at = 0;
  for (const wanted of given.events) {
    const found = timeline.indexOf(wanted, at);
    expect(found, `${wanted} in ${timeline.slice(at).join(", ")}`).toBeGreaterThanOrEqual(0);
    at = found + 1;
  }
  const emitted = events.filter(({ type }) => type === "event_emitted").map(({ data }) => eventText(data));
  if (given.emitted !== undefined) expect(emitted).toEqual(given.emitted);
  if (given.emittedInAnyOrder !== undefined) expect(emitted.toSorted()).toEqual(given.emittedInAnyOrder.toSorted());
  const artifacts = await run.artifacts();
  expect(Object.fromEntries(artifacts.map(({ name, value }) => [name, value]))).toMatchObject(given.artifacts);
  const logs = (await run.logs()).map(({ message }) => message);
  const all = JSON.stringify({ checkpoints, events, artifacts, logs });
  for (const text of given.hidden) expect(all).not.toContain(text);
}

function eventText(data: Record<string, unknown>): string {
  return `${String(data["event"])}: ${JSON.stringify(data["data"])}`;
}

function checkWorld(given: RunCase, { folder, models, requests }: CaseWorld): void {
  for (const [path, text] of Object.entries(given.written)) {
    expect(readFileSync(join(folder, path), "utf8")).toBe(text);
  }
  for (const [step, prompts] of Object.entries(given.asked)) {
    const asked = models[step]?.requests.map(({ prompt }) => prompt);
    expect(asked).toEqual(prompts.map((text) => expect.stringContaining(text)));
  }
  if (given.requests !== undefined) expect(requests).toMatchObject(given.requests);
}
