/** What `new` may write. */
export type TemplateKind = "plain" | "steps" | "agent";

export interface Template {
  text: string;
  /** Files beside it, by their names. */
  modules?: Record<string, string>;
}

/** A definition to begin with, commented. */
export function templateOf(name: string, { kind, hasTools }: { kind: TemplateKind; hasTools: boolean }): Template {
  if (kind === "agent") return { text: agentTemplate(name) };
  const tool = hasTools ? toolStep : "";
  const text = kind === "steps" ? stepsTemplate(name, tool) : plainTemplate(name, tool);
  return hasTools ? { text, modules: { "tools.ts": tools } } : { text };
}

export const exampleName = "hello";

/** What `init` writes: it needs no model and no network. */
export const exampleText = `---
# A workflow is a file: its fields stand here, long prompts below.
name: ${exampleName}
title: Hello
description: Greets somebody, if you let it
inputs:
  who: { type: string, default: world, description: Whom to greet }
steps:
  # The execution waits for the answer, for a minute or a month, and costs nothing meanwhile.
  - id: ask
    type: human
    question: "Greet {{ who }} on this {{ weekday }}?"
    options:
      - { id: greet, label: "Yes" }
      - { id: leave, label: "No" }
  # Taken only when the condition holds; otherwise it is skipped.
  - id: greeting
    type: write_file
    when: { field: $.ask.option, operator: eq, value: greet }
    path: hello.txt
    content: "Hello {{ who }}!"
    save_artifact: true
outputs: "{{ steps.ask.output.option }}"
---
`;

function head(name: string): string {
  return `---
name: ${name}
title: ${titleOf(name)}
description: What it does, in one sentence
# What a run is given; \`required: true\` where there is no default.
inputs:
  topic: { type: string, default: tea, description: What it is about }
# Limits for all steps together; the run may set others.
guardrails: { max_cost_usd: 1, max_time: 30m }
# triggers: [{ type: cron, cron: "0 9 * * 1-5", timezone: Europe/Berlin }]
`;
}

function plainTemplate(name: string, tool: string): string {
  return `${head(name)}steps:
${tool}  # The prompt is the section "draft" below; without \`model\` the default alias is asked.
  - id: draft
    type: llm
    prompt: "#draft"
    retry: { max: 2, backoff: 5s }
    save_artifact: true
outputs: "{{ steps.draft.output }}"
---

# draft

Write three sentences about {{ topic }}.
`;
}

function stepsTemplate(name: string, tool: string): string {
  return `${head(name)}steps:
${tool}  # The prompt is the section "draft" below; without \`model\` the default alias is asked.
  - id: draft
    type: llm
    prompt: "#draft"
    retry: { max: 2, backoff: 5s }
  - id: review
    type: llm
    prompt: "#review"
    output_schema:
      type: object
      properties: { score: { type: integer }, advice: { type: string } }
      required: [score, advice]
  # One of the two lists is taken; after it, the steps below the condition follow.
  - id: good_enough
    type: condition
    field: $.review.score
    operator: gte
    value: 7
    then:
      - { id: publish, type: write_file, path: "{{ topic }}.md", content: "{{ steps.draft.output }}", save_artifact: true }
    else:
      - id: ask
        type: human
        question: "The draft is not good enough: {{ steps.review.output.advice }}. What now?"
        options: [leave, later]
        timeout: 2d
        on_timeout: leave
  - id: done
    type: emit
    event: reviewed
    data: { topic: "{{ topic }}", score: "{{ steps.review.output.score }}" }
outputs: "{{ steps.draft.output }}"
---

# draft

Write three sentences about {{ topic }}.

# review

Give this a score from 1 to 10, and say what would make it better:

{{ steps.draft.output }}
`;
}

function agentTemplate(name: string): string {
  return `---
name: ${name}
title: ${titleOf(name)}
description: What it does, in one sentence
inputs:
  topic: { type: string, default: tea, description: What it is about }
# Without steps, the body below is the prompt of one coding agent.
agent:
  max_turns: 20
  # What it may use without asking; it works in the project's folder.
  allowed_tools: [Read, Glob, Grep]
guardrails: { max_cost_usd: 2, max_time: 30m }
---

Find out what this project says about {{ topic }}, and answer with five sentences and the names of the files.
`;
}

const toolStep = `  # Calls a function of tools.ts beside this file: any code, as one step.
  - id: facts
    type: function
    function: collectFacts
    args: { topic: "{{ topic }}" }
`;

const tools = `/** What a step of the type \`function\` calls: its args, and what it may know of the run. */
export async function collectFacts(
  { topic }: { topic: string },
  { signal }: { signal: AbortSignal },
): Promise<{ topic: string; letters: number }> {
  // Pass the signal on to whatever takes its time, so that a timeout or a cancelled run ends it.
  signal.throwIfAborted();
  return { topic, letters: topic.length };
}
`;

function titleOf(name: string): string {
  const words = name.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
