import { validateDefinition } from "../../src/definitions/validate.ts";
import { checkpoint } from "../../src/flows/checkpoint.ts";
import { type FlowDefinition, flow, flowBrand } from "../../src/flows/flow.ts";
import { interpreted } from "../../src/steps/interpreter.ts";
import type { StepPorts } from "../../src/steps/ports.ts";
import { median, rounded } from "../figures.ts";
import { below, type Figures, type Measure, type Place } from "../measure.ts";
import { execute, openInMemory } from "../throughput/engine.ts";
import { work } from "../throughput/subject.ts";

/** What the interpreter of definitions adds to a checkpoint. */
export const steps: Measure = {
  name: "steps",
  lines: [
    { key: "steps_interpreted", title: "interpreted steps (steps/s)" },
    { key: "steps_flow", title: "the same as a flow (checkpoints/s)" },
    { key: "step_cost_ms", title: "an interpreted step above a checkpoint (ms)", goal: below(1), mayBeZero: true },
  ],
  take,
};

const stepsEach = 10;

/** Each pass has ten steps with references to inputs, the loop and one another. */
const text = `
name: ${work.workflow}
inputs: { items: { type: array, required: true } }
steps:
  - id: each
    type: loop
    items: "{{ inputs.items }}"
    collect: "{{ loop_index }}"
    steps:
      - { id: s0, type: emit, event: begun, data: { item: "{{ item }}", number: "{{ loop_index }}" } }
${Array.from(
  { length: stepsEach - 1 },
  (_, index) =>
    `      - { id: s${index + 1}, type: emit, event: went, data: "pass {{ loop_index }} of {{ loop_count }}: {{ steps.s${index}.output | json }}" }`,
).join("\n")}
`;

/** Both take turns on the same disk; the first round warms up. */
async function take({ folder, smoke }: Place): Promise<Figures> {
  const items = smoke ? 5 : 200;
  const rounds = smoke ? 2 : 7;
  const definition = openInMemory(`${folder}/definition`, asFlow());
  const plain = openInMemory(`${folder}/flow`, plainFlow());
  const input = { items: Array.from({ length: items }, (_, index) => `item ${index}`) };
  const taken = { definition: [] as number[], flow: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const ofDefinition = await timed(() => execute(definition.engine, input));
    const ofFlow = await timed(() => execute(plain.engine, input));
    if (round === 0) continue;
    taken.definition.push(ofDefinition);
    taken.flow.push(ofFlow);
  }
  verify(definition.store, { checkpoints: items * stepsEach * (rounds + 1) });
  await definition.close();
  await plain.close();
  const all = items * stepsEach;
  const [interpretedMs, flowMs] = [median(taken.definition), median(taken.flow)];
  return {
    steps_interpreted: Math.round((all / interpretedMs) * 1_000),
    steps_flow: Math.round((all / flowMs) * 1_000),
    step_cost_ms: rounded(Math.max(0, interpretedMs - flowMs) / all),
  };
}

function asFlow(): FlowDefinition {
  const { definition, problems } = validateDefinition({ path: "bench.yaml", text });
  if (definition === undefined) throw new Error(JSON.stringify(problems));
  const none = () => {
    throw new Error("the benchmark has nothing around it");
  };
  const ports: StepPorts = {
    projectRoot: process.cwd(),
    env: {},
    fetch: globalThis.fetch,
    connections: { callTool: none },
    agentServers: none,
    answerLink: () => undefined,
    redact: (text) => text,
    locateWorkflow: none,
  };
  return interpreted(definition, { ports, functions: {} });
}

function plainFlow(): FlowDefinition {
  const step = checkpoint(work.checkpoint, async (_place: string, data: unknown) => data);
  return flow(work.workflow, async ({ items }: { items: string[] }) => {
    for (const [index, item] of items.entries()) {
      for (let number = 0; number < stepsEach; number++) await step(`${index}/${number}`, { item, number });
    }
    return work.result;
  })[flowBrand];
}

function verify(store: ReturnType<typeof openInMemory>["store"], expected: { checkpoints: number }): void {
  const row = store
    .reader()
    .prepare<[], { count: number }>(
      "SELECT count(*) AS count FROM journal WHERE kind = 'checkpoint' AND status = 'completed'",
    )
    .get();
  if (row?.count !== expected.checkpoints)
    throw new Error(`${row?.count} steps are on the record, not ${expected.checkpoints}`);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await run();
  return performance.now() - startedAt;
}
