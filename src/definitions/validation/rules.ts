import { parseDuration } from "../../core/durations.ts";
import { isOwnHeader } from "../../core/own-headers.ts";
import type { StepType } from "../model/steps.ts";
import { type Finding, type Hint, nameHint } from "../problem.ts";
import { type Branch, memberOf, plain, type Tree, textOf } from "../reading/tree.ts";
import { isTemplate } from "../values/template.ts";
import { type ConditionForm, conditionFindings } from "./condition-rules.ts";
import { fileFindings } from "./file-rules.ts";
import { allSteps, type Outline, type OutlineList } from "./outline.ts";
import { outsidePath } from "./paths.ts";

/** What the fields of one step must be for each other, kind by kind. */
export function checkRules(root: OutlineList): Finding[] {
  return allSteps(root).flatMap((step) => [
    ...(step.kind === undefined ? [] : (rules[step.kind]?.(step) ?? [])),
    ...workspaceFindings(step),
  ]);
}

const rules: Partial<Record<StepType, (step: Outline) => Finding[]>> = {
  llm: promptFindings,
  batch_llm: promptFindings,
  agent: promptFindings,
  shell: commandFindings,
  write_file: fileFindings,
  http: addressFindings,
  condition: branchingFindings,
  human: humanFindings,
  loop: loopFindings,
  sleep: sleepFindings,
};

function promptFindings({ tree }: Outline): Finding[] {
  const prompt = textOf(tree, "prompt");
  if (prompt === undefined || prompt.trim() !== "" || prompt === " ") return [];
  return [
    at(memberOf(tree, "prompt") ?? tree, "empty_prompt", "the prompt is empty", "Write what the model is to do."),
  ];
}

/** A value that comes into the text of a shell is read by the shell, unless it is quoted for it. */
function commandFindings({ tree }: Outline): Finding[] {
  const command = memberOf(tree, "command");
  if (command?.kind !== "leaf" || typeof command.value !== "string") return [];
  const outputs = command.value.match(/(?<!\\)\{\{[^}]*\}\}/g) ?? [];
  if (outputs.every((output) => /\|\s*shell\s*-?\}\}$/.test(output))) return [];
  const message = "a value becomes part of the shell's command: what it holds after a quote or a semicolon is run";
  const hint = 'Write {{ … | shell }}, or pass it in env and write "$NAME", or write the command as a list.';
  return [{ severity: "warning", ...at(command, "unsafe_command", message, hint) }];
}

function addressFindings({ tree }: Outline): Finding[] {
  const url = textOf(tree, "url");
  const body = memberOf(tree, "body");
  const method = textOf(tree, "method") ?? "GET";
  const findings = headerFindings(tree);
  if (url !== undefined && !isAddress(url)) {
    findings.push(at(memberOf(tree, "url") ?? tree, "invalid_field", "url must begin with http:// or https://"));
  }
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    findings.push(at(body, "invalid_field", `a request with the method ${method} has no body`, "Add method: POST."));
  }
  return findings;
}

/** What follows from the request itself cannot be set. */
function headerFindings(tree: Branch): Finding[] {
  const headers = memberOf(tree, "headers");
  if (headers?.kind !== "branch") return [];
  return [...headers.entries].flatMap(([name, leaf]) =>
    isOwnHeader(name)
      ? [at(leaf, "invalid_field", `the header ${name} follows from the request itself`, "Leave it out.")]
      : [],
  );
}

/** Whether it is an address, or a template may make one of it. */
function isAddress(text: string): boolean {
  return text.trim() === "" || /^\s*(https?:\/\/|\{\{|\{%)/i.test(text);
}

function branchingFindings(step: Outline): Finding[] {
  const { tree } = step;
  const has = (key: string) => memberOf(tree, key) !== undefined;
  const forms: ConditionForm[] = (["field", "all", "any", "not"] as const).filter(has);
  const findings = conditionFindings(tree, forms);
  for (const [list, jump] of [
    ["then", "then_step"],
    ["else", "else_step"],
  ] as const) {
    const leaf = memberOf(tree, jump);
    if (leaf !== undefined && has(list)) {
      findings.push(at(leaf, "invalid_field", `${list} and ${jump} exclude each other`, `Keep one of them.`));
    }
  }
  if (!["then", "else", "then_step", "else_step"].some(has)) {
    const hint = "Give then and else, lists of steps, or then_step and else_step, ids of steps in this list.";
    findings.push(at(tree, "missing_field", "a condition needs somewhere to lead to", hint));
  }
  return findings;
}

function humanFindings(step: Outline): Finding[] {
  const { tree, options = [] } = step;
  const findings: Finding[] = [];
  const hasOptions = memberOf(tree, "options") !== undefined;
  const schema = memberOf(tree, "schema");
  if (!hasOptions && schema === undefined) {
    const hint = "For example options: [approve, reject], or schema: { type: string }.";
    findings.push(at(tree, "missing_field", "a human step needs options or a schema", hint));
  }
  if (hasOptions && schema !== undefined) {
    findings.push(at(schema, "invalid_field", "options and schema exclude each other", "Keep one of them."));
  }
  const ids = options.map(({ id }) => id);
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) {
    findings.push(at(memberOf(tree, "options") ?? tree, "duplicate_id", `two options have the id ${repeated}`));
  }
  const action = memberOf(tree, "on_timeout");
  const name = textOf(tree, "on_timeout");
  const allowed = ["fail", "continue", "skip", ...ids];
  if (action !== undefined && name !== undefined && !allowed.includes(name)) {
    const hint = nameHint(name, allowed);
    findings.push(
      at(action, "invalid_field", `on_timeout must be fail, continue, skip or an option; it is ${name}`, hint),
    );
  }
  const given = memberOf(tree, "notify");
  const notify = given?.kind === "branch" ? memberOf(given, "url") : given;
  if (notify?.kind === "leaf" && typeof notify.value === "string" && !isAddress(notify.value)) {
    findings.push(at(notify, "invalid_field", "the address of a webhook must begin with https:// or http://"));
  }
  if (action !== undefined && memberOf(tree, "timeout") === undefined) {
    findings.push(
      at(action, "missing_field", "on_timeout has no effect without timeout", "Add timeout, for example 2h."),
    );
  }
  return findings;
}

function loopFindings({ tree }: Outline): Finding[] {
  const items = memberOf(tree, "items");
  const test = memberOf(tree, "while");
  const findings: Finding[] = [];
  if (items === undefined && test === undefined) {
    findings.push(at(tree, "missing_field", "a loop needs items or while", 'For example items: "$.search.results".'));
  }
  if (items !== undefined && test !== undefined) {
    findings.push(
      at(test, "invalid_field", "items and while exclude each other", "Keep one; leave a loop early with when."),
    );
  }
  if (test !== undefined && memberOf(tree, "max_iterations") === undefined) {
    findings.push(
      at(tree, "missing_field", "a loop with while needs max_iterations", "It keeps the loop from going on for ever."),
    );
  }
  const concurrency = memberOf(tree, "concurrency");
  if (test !== undefined && concurrency !== undefined && plain(concurrency) !== 1) {
    findings.push(
      at(concurrency, "invalid_field", "a loop with while runs one pass after the other", "Leave concurrency out."),
    );
  }
  if (items?.kind === "leaf" && !isReference(items.value)) {
    const hint = 'Write a list, "{{ steps.id.output }}" or "$.id.member".';
    findings.push(at(items, "invalid_field", "items must be a list or a reference to one", hint));
  }
  return findings;
}

function isReference(value: unknown): boolean {
  return typeof value === "string" && (isTemplate(value) || /^\s*\$[.[]/.test(value));
}

function sleepFindings({ tree }: Outline): Finding[] {
  const duration = memberOf(tree, "duration");
  const until = memberOf(tree, "until");
  if (duration === undefined && until === undefined) {
    return [at(tree, "missing_field", "a sleep needs duration or until", "For example duration: 15m.")];
  }
  if (duration !== undefined && until !== undefined) {
    return [at(until, "invalid_field", "duration and until exclude each other", "Keep one of them.")];
  }
  const written = duration && plain(duration);
  if (duration !== undefined && !(typeof written === "string" && isTemplate(written)) && !isDuration(written)) {
    return [at(duration, "invalid_field", "duration must be a time such as 90s, 15m or 2h")];
  }
  const instant = textOf(tree, "until");
  if (until !== undefined && instant !== undefined && !isTemplate(instant) && Number.isNaN(Date.parse(instant))) {
    return [at(until, "invalid_field", "until must be an instant such as 2026-03-01T09:00:00Z")];
  }
  return [];
}

function isDuration(value: unknown): boolean {
  try {
    return parseDuration(value, "s") >= 0;
  } catch {
    return false;
  }
}

/** Files of a step lie in the workspace. What a template makes of a path is checked when it runs. */
function workspaceFindings({ kind, tree }: Outline): Finding[] {
  const keys: Partial<Record<StepType, string>> = {
    write_file: "path",
    llm: "output_file",
    shell: "cwd",
    agent: "workspace",
    function: "module",
  };
  const key = kind && keys[kind];
  const leaf = key === undefined ? undefined : memberOf(tree, key);
  if (leaf?.kind !== "leaf" || typeof leaf.value !== "string" || !outsidePath(leaf.value)) return [];
  const hint = "Write a path relative to it, without .. at the beginning.";
  return [at(leaf, "invalid_field", `${key} leads out of the workspace: ${leaf.value.slice(0, 80)}`, hint)];
}

function at(tree: Tree, code: Finding["code"], message: string, hint?: Hint): Finding {
  return { code, at: tree.at, field: tree.field, message, hint };
}
