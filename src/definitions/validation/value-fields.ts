import type { StepType } from "../model/steps.ts";

/** How the texts of a field are read. */
export interface ValueField {
  /**
   * `text`: a template; `value`: any value whose texts are templates or JSONPaths; `path`: one reference;
   * `test`: a condition.
   */
  form: "text" | "value" | "path" | "test";
  /** Whether secrets may stand in it. */
  secrets?: true;
  /** Whether it is read for each item, with the variables of the loop. */
  perItem?: true;
}

const text: ValueField = { form: "text" };
const value: ValueField = { form: "value" };
const test: ValueField = { form: "test" };
const textPerItem: ValueField = { form: "text", perItem: true };
const textWithSecrets: ValueField = { form: "text", secrets: true };
const asked = { model: text, output_file: text };

/** The fields of each kind of step that values may stand in, beside those that all have. */
const fields: Record<StepType, Readonly<Record<string, ValueField>>> = {
  llm: { prompt: text, system: text, ...asked },
  batch_llm: { items: value, prompt: textPerItem, system: textPerItem, ...asked },
  agent: { prompt: text, model: text, workspace: text },
  tool: { args: { form: "value", secrets: true } },
  shell: { command: text, cwd: text, env: textWithSecrets },
  write_file: { path: text, content: value, files: value },
  http: { url: text, headers: textWithSecrets, body: value },
  function: { args: value },
  condition: { field: { form: "path" }, value, all: test, any: test, not: test },
  human: { question: text, options: text, notify: text },
  parallel: {},
  loop: { items: value, while: { form: "test", perItem: true }, collect: { form: "value", perItem: true } },
  workflow: { input: value },
  sleep: { duration: text, until: text },
  set: { value },
  emit: { event: text, data: value },
};

export function valueFields(kind: StepType): Readonly<Record<string, ValueField>> {
  return { when: test, save_artifact: text, ...fields[kind] };
}
