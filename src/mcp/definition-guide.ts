/** How a definition is written, for a model that has seen none: short, because it is read whole. */
export const definitionGuide = `A definition is Markdown with YAML front matter (in .yaml and .toml files the same fields stand alone).
---
name: release-notes
inputs: { topic: { type: string, required: true }, tone: friendly }
guardrails: { max_cost_usd: 1, max_time: 30m }
steps:
  - { id: draft, type: llm, prompt: "#draft", retry: 2, save_artifact: draft.md }
  - { id: review, type: human, question: "{{ steps.draft.output }}", options: [{ id: publish, label: Publish }, { id: again, label: Another, next_step: draft }] }
  - { id: check, type: condition, field: $.review.option, operator: eq, value: publish, then: [{ id: write, type: write_file, path: "{{ topic }}.md", content: "{{ steps.draft.output }}" }] }
outputs: "{{ steps.draft.output }}"
---
# draft
Write about {{ topic }} in a {{ tone }} tone.

Fields: name (kebab-case), title, description, inputs (type string, integer, number, boolean, array or object, required, default, schema; a bare value is a default), models (step id or "*": model), guardrails (max_cost_usd, max_tokens, max_requests, max_tool_calls, max_turns, max_time, on_exceed fail or ask), timeout, triggers ({ type: cron, cron, timezone }, { type: completion, workflow, status }), tags, steps, outputs. Instead of steps, agent: { model, max_turns, allowed_tools } makes the body one agent's prompt.

Steps; ? may be left out:
- llm: prompt, system?, model?, temperature?, max_tokens?, output_schema? (then the output is an object), output_file?
- batch_llm: items, prompt (with {{ item }}), concurrency?, and as llm; output: rows { index, item, status, output, error }
- agent: prompt, model?, max_turns?, allowed_tools?, permission_mode?, mcp_servers?, workspace?; output: { result, turns, tool_calls, session_id }
- tool: server, tool, args
- shell: command (text: {{ x | shell }} quotes; list: no shell), cwd?, env?, allow_failure?; output: { exit_code, stdout, stderr }
- write_file: path, content; or files: { path: content }
- http: url, method?, headers?, body?, expect_status?; output: { status, headers, body }
- function: function, module? (tools.ts beside the definition), args?
- human: question, and options ([{ id, label, next_step? }]) or schema, timeout?, on_timeout? (fail, continue, skip, an option), notify?; output: { option, value, comment }
- condition: field, operator (eq ne gt lt gte lte contains exists), value; or all, any, not; then and else (lists of steps) or then_step and else_step
- parallel: steps, concurrency?
- loop: items or while (with max_iterations), item_variable?, steps, collect?, concurrency?; output: list of results
- workflow: workflow, input?, wait?; output: { execution_id, status, result }
- sleep: duration or until
- set: value
- emit: event, data?
All take id, when (a condition or a reference), retry (number or { max, backoff }), timeout, on_error: continue, save_artifact, guardrails, depends_on, next_step. Durations: 90s, 15m, 2h; a bare number is seconds.

Order: a list runs from top to bottom. next_step, then_step, else_step and options jump within the list, back too (max_visits 25 times); next_step: end ends the list. depends_on makes the list a graph that runs as parallel as it can. What then and else hold joins again after the condition.

Values: {{ inputs.x }} or {{ x }}, {{ steps.id.output.member }}, {{ item }}, {{ loop_index }}, {{ date }}, {{ datetime }}, {{ weekday }}, {{ project_root }}, {{ execution_id }}, with Liquid's filters ({{ n | plus: 1 }}, {{ a | default: "none" }}). A text that is one reference only keeps the value's type. In field, items and args also $.id.member, the output of a step. {{ secrets.name.KEY }} only in shell env, http headers and tool args. Put quotes around texts with {{ or ": ". A prompt "#draft" is the body's section of that heading.`;
