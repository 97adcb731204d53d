import { afterEach, beforeEach, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { isTerminal } from "../../src/core/statuses.ts";
import { decodeValue } from "../../src/core/values.ts";
import { stepsOf } from "../../src/definitions/model/describe.ts";
import type { Execution } from "../../src/store/execution.ts";
import { selectorsOf } from "../../src/store/selectors.ts";
import { definitionOf } from "../helpers/definitions.ts";
import { exit, result, run, TestProject, until } from "../processes/project.ts";

const kills = 30;

/** Loops in conditions in parallel branches, and a jump back; every piece of work leaves a line in a file. */
const forty = `---
name: forty
inputs:
  folder: { type: string, required: true }
  rows: [${Array.from({ length: 36 }, (_, index) => (index * 5) % 13).join(", ")}]
steps:
  - { id: begin, type: function, function: work, args: { folder: "{{ folder }}", what: begin } }
  - id: branches
    type: parallel
    steps:
${["north", "east", "south", "west"].map((name, index) => branch(name, index + 4)).join("")}
  - { id: again, type: function, function: last, args: { folder: "{{ folder }}", what: "again {{ steps.again.output | default: 0 | plus: 1 }}" } }
  - { id: enough, type: condition, field: $.again, operator: gte, value: 3, then: [], else_step: again }
outputs: { branches: "{{ steps.branches.output }}", rounds: "{{ steps.again.output }}", north: "{{ steps.each_north.output }}" }
---
`;

function branch(name: string, limit: number): string {
  const work = (id: string, what: string) =>
    `{ id: ${id}_${name}, type: function, function: work, args: { folder: "{{ folder }}", what: "${what}" } }`;
  return `      - id: is_${name}
        type: condition
        field: $.begin
        operator: exists
        then:
          - id: each_${name}
            type: loop
            items: "{{ rows }}"
            concurrency: 2
            collect: "{{ steps.high_${name}.output }}{{ steps.low_${name}.output }}"
            steps:
              - ${work("work", `${name} {{ item }}`)}
              - id: check_${name}
                type: condition
                field: $.item
                operator: gt
                value: ${limit}
                then: [${work("high", `high {{ steps.work_${name}.output }}`)}]
                else: [${work("low", `low {{ steps.work_${name}.output }}`)}]
              - { id: told_${name}, type: emit, event: "${name}", data: "{{ item }}" }
          - ${work("after", `after {{ steps.each_${name}.output }}`)}
        else:
          - ${work("never", "never")}
`;
}

const tools = `
import { appendFileSync, existsSync } from "node:fs";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export async function work({ folder, what }) {
  appendFileSync(folder + "/work", what + "\\n");
  await pause(150);
  return what;
}
/** Nothing ends before it was killed often enough. */
export async function last({ folder, what }) {
  while (!existsSync(folder + "/enough")) await pause(10);
  return Number(what.split(" ")[1]);
}
`;

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.close());

test("a definition of 40 steps that is killed 30 times ends as the one that is not killed", {
  timeout: 240_000,
}, async () => {
  expect(stepsOf(definitionOf(forty, "forty.md").steps)).toHaveLength(40);
  project.write("workflows/forty/workflow.md", forty);
  project.write("workflows/forty/tools.ts", tools);
  const app = await project.open();

  const calm = await start(app, "calm");
  project.write("calm/enough", "");
  const worker = project.worker();
  const expected = await result(app, calm.id);
  worker.kill("SIGTERM");
  await exit(worker);

  const killed = await start(app, "killed");
  let atWork = 0;
  for (let count = 0; count < kills; count++) {
    const { epoch } = app.findExecution(killed.id);
    const victim = project.worker();
    await until("the execution to be claimed", () => app.findExecution(killed.id).epoch > epoch);
    const before = settled(app, killed);
    // Some die before they have begun, most in the middle of things.
    if (count % 5 > 0) await until("work to be done", () => settled(app, killed) > before || isNearlyDone(app, killed));
    const lifeMs = Math.random() * 150;
    await new Promise((resolve) => setTimeout(resolve, lifeMs));
    victim.kill("SIGKILL");
    await exit(victim);
    if (settled(app, killed) > before) atWork++;
    expect(isTerminal(app.findExecution(killed.id).status)).toBe(false);
  }
  expect(atWork).toBeGreaterThan(kills / 4);
  project.write("killed/enough", "");
  project.worker();
  expect(await result(app, killed.id)).toEqual(expected);
  expect(recorded(app, killed)).toEqual(recorded(app, calm));
  expect(new Set(workLines("killed"))).toEqual(new Set(workLines("calm")));
});

async function start(app: App, name: string): Promise<Execution> {
  project.write(`${name}/.keep`, "");
  return run(app, "forty", { folder: project.path(name) });
}

function workLines(name: string): string[] {
  return project.lines(`${name}/work`);
}

function settled(app: App, { seq }: Execution): number {
  return app.store.journal.load(seq).filter(({ position }) => position !== null).length;
}

/** Only the step that waits for the last kill is left. */
function isNearlyDone(app: App, { seq }: Execution): boolean {
  return app.store.journal.load(seq).some(({ name }) => name === "again");
}

/** What is on the record, whatever the order in which branches came to it. */
function recorded(app: App, { seq, id }: Execution): { steps: string[]; events: string[] } {
  const entries = app.store.journal.load(seq);
  const names = selectorsOf(entries);
  const value = (output: string | null) =>
    output === null ? "" : JSON.stringify(decodeValue(app.store.payloads.read(output)));
  const own = entries.filter(({ kind }) => kind === "checkpoint");
  const steps = own.map(({ ordinal, status, output }) => `${names.get(ordinal)} ${status} ${value(output)}`);
  const events = app.store
    .reader()
    .prepare<[string], { data: string }>(
      "SELECT data FROM events WHERE type = 'event_emitted' AND execution_seq = (SELECT seq FROM executions WHERE id = ?)",
    )
    .all(id)
    .map(({ data }) => data);
  return { steps: steps.sort(), events: events.sort() };
}
