import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { App } from "../../src/app.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { median, rounded } from "../figures.ts";
import { below, type Figures, type Measure, type Place } from "../measure.ts";
import { BenchProject } from "../processes/project.ts";

/** How long it takes to know the files of a workflows folder, and whether one of them is sound. */
export const definitions: Measure = {
  name: "definitions",
  lines: [
    { key: "definitions_list_1000_cold", title: "1,000 definitions listed, nothing indexed (ms)", goal: below(1_500) },
    { key: "definitions_list_1000_indexed", title: "  the same from the index, p50 (ms)", goal: below(20) },
    { key: "definition_validate_ms", title: "one definition of 40 steps validated, p50 (ms)", goal: below(10) },
  ],
  take,
};

/** Files that were touched within two seconds are not taken into the index. */
const settlingMs = 2_100;

async function take({ folder, smoke }: Place): Promise<Figures> {
  const project = await BenchProject.open(folder);
  const count = smoke ? 20 : 1_000;
  const samples = smoke ? 3 : 25;
  try {
    write(project.root, count);
    await delay(settlingMs);
    const { workflows, store } = project.app;
    const cold = list(workflows, count);
    const rows = store.definitions.list().length;
    if (rows !== count) throw new Error(`${rows} of ${count} definitions are in the index`);
    return {
      definitions_list_1000_cold: rounded(cold),
      definitions_list_1000_indexed: rounded(median(repeated(samples, () => list(workflows, count)))),
      definition_validate_ms: rounded(median(repeated(samples, validate))),
    };
  } finally {
    await project.close();
  }
}

function write(root: string, count: number): void {
  mkdirSync(join(root, "workflows"));
  for (let at = 0; at < count; at++) writeFileSync(join(root, "workflows", `report-${at}.md`), reportText(at));
}

function list(workflows: App["workflows"], count: number): number {
  const startedAt = performance.now();
  const found = workflows.definitions();
  const taken = performance.now() - startedAt;
  if (found.definitions.length !== count || found.problems.length > 0) {
    throw new Error(
      `${found.definitions.length} definitions and ${found.problems.length} problems instead of ${count}`,
    );
  }
  return taken;
}

function validate(): number {
  const startedAt = performance.now();
  const { problems } = validateDefinition({ path: "long.md", text: longText });
  const taken = performance.now() - startedAt;
  if (problems.length > 0) throw new Error(`the definition is not valid: ${problems[0]?.message}`);
  return taken;
}

function repeated(times: number, once: () => number): number[] {
  return Array.from({ length: times }, once);
}

function reportText(at: number): string {
  return `---
title: Report ${at}
description: Collects what happened on one day and asks whether to send it
tags: [report, team-${at % 10}]
inputs:
  day: { type: string, required: true, description: The day that it is about }
  tone: friendly
schedule: { cron: "0 9 * * 1-5", timezone: Europe/Berlin }
steps:
  - { id: log, type: shell, command: [git, log, "--since={{ day }}"] }
  - { id: draft, type: llm, prompt: "#draft" }
  - { id: ask, type: human, question: "Send it? {{ steps.draft.output }}", options: [send, leave] }
  - { id: send, type: http, method: POST, url: "https://example.com/{{ day }}", body: "{{ steps.draft.output }}" }
outputs: "{{ steps.draft.output }}"
---
# draft
Write a ${at} lines long, {{ tone }} report of {{ steps.log.output.stdout }}.
`;
}

/** Ten rounds of four steps, each of which refers to those before it. */
const longText = `---
inputs: { topic: tea }
steps:
${Array.from(
  { length: 10 },
  (
    _,
    at,
  ) => `  - { id: draft${at}, type: llm, prompt: "{{ topic }} ${at > 0 ? `{{ steps.draft${at - 1}.output }}` : ""}" }
  - { id: judge${at}, type: llm, prompt: "{{ steps.draft${at}.output }}", output_schema: { type: object, properties: { score: { type: integer } } } }
  - id: good${at}
    type: condition
    field: $.judge${at}.score
    operator: gte
    value: 7
    then: [{ id: note${at}, type: emit, event: good, data: "{{ steps.draft${at}.output }}" }]
`,
).join("")}---
`;
