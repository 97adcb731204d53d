import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { WorkflowDefinition } from "../../src/definitions/model/definition.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { type Flow, flowBrand } from "../../src/flows/flow.ts";
import { interpreted } from "../../src/steps/interpreter.ts";
import type { CrashPoint } from "../../src/testing/testing.ts";
import { openTestEngine } from "../../src/testing/testing.ts";
import { bareStepPorts } from "../helpers/definitions.ts";
import { randomDefinition } from "./random-definition.ts";

/** What validation says before a run, and no run may say. */
const validated = ["unknown_reference", "unknown_step", "invalid_field", "unknown_type", "missing_field"];
/** How a definition without mistakes may fail all the same. */
const clear = ["too_many_visits", "misuse", "missing_value", "not_a_list", "bad_duration"];

/** As many as there is time for; a longer run is asked for by the variable. */
const asked = Number(process.env["SAVEPOINT_RANDOM_DEFINITIONS"] ?? 0);
const numRuns = asked || 300;
const mostMs = asked === 0 ? 25_000 : asked * 2_000;

test(
  "what validation lets pass never fails for what validation checks, and a crash changes nothing",
  async () => {
    const seen = { tried: 0, clean: 0, completed: 0, failed: 0 };
    const property = fc.asyncProperty(fc.gen(), fc.integer({ min: 1, max: 20 }), async (g, write) => {
      const text = stringify(randomDefinition(g));
      const { definition } = validateDefinition({ path: "random.yaml", text });
      seen.tried++;
      if (definition === undefined) return;
      seen.clean++;
      const end = await endOf(definition);
      seen[end.status]++;
      const codes = [end.code, ...end.codes].filter((code) => code !== undefined);
      expect(
        codes.filter((code) => validated.includes(code) || !clear.includes(code)),
        text,
      ).toEqual([]);
      if (write > 7) return;
      expect(await endOf(definition, { write, side: "after" }), text).toEqual(end);
    });
    // The seed and the path of a failure are in its message.
    await fc.assert(property, { numRuns, interruptAfterTimeLimit: mostMs, endOnFailure: true });
    expect(seen.clean).toBeGreaterThan(seen.tried / 4);
    expect(seen.completed).toBeGreaterThan(seen.clean / 3);
  },
  mostMs + 60_000,
);

test("validation never throws, whatever a definition is made of", () => {
  const property = fc.property(fc.gen(), fc.array(fc.tuple(fc.nat(400), fc.string())), (g, edits) => {
    let text = stringify(randomDefinition(g));
    for (const [at, inserted] of edits) text = text.slice(0, at) + inserted + text.slice(at + inserted.length);
    validateDefinition({ path: "random.yaml", text });
  });
  fc.assert(property, { numRuns: 300 });
});

/** Runs it to its end; whoever is asked says yes first, then no. */
async function endOf(definition: WorkflowDefinition, crash?: CrashPoint) {
  const flow = Object.assign(() => {}, {
    flowName: definition.name,
    [flowBrand]: interpreted(definition, { ports: bareStepPorts(), functions: {} }),
  }) as unknown as Flow<unknown, unknown>;
  const t = openTestEngine({
    flows: [flow],
    autoAdvance: true,
    patience: "10s",
    ...(crash !== undefined && { crash }),
  });
  try {
    const run = await t.run(flow, {});
    for (let answers = 0; answers < 2_000; answers++) {
      const status = await run.settled();
      if (status === "completed" || status === "failed") break;
      const [wait] = await run.pendingWaits();
      // On a busy machine it may have gone on between the two looks.
      if (wait === undefined) continue;
      await run.answer(wait.name.length % 2 === 0 ? "yes" : "no", { wait: wait.name });
    }
    const failure = await run.failure();
    const status = await run.status();
    if (status !== "completed" && status !== "failed") throw new Error(`it is still ${status}`);
    const codes = (await run.checkpoints()).flatMap((one) => one.failure?.code ?? []);
    const output = status === "completed" ? await run.result() : failure?.step;
    return { status, output, code: failure?.code, codes: codes.toSorted() };
  } finally {
    await t.close();
  }
}
