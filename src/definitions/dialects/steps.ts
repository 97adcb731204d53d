import type { Finding } from "../problem.ts";
import { type Body, sectionLeaf } from "../reading/sections.ts";
import { type Branch, branchAt, leafAt, listAt, type Tree, textOf } from "../reading/tree.ts";
import { withGuardrails } from "./guardrails.ts";
import { changed, lifted, renamed, supplied, without } from "./keys.ts";

/** What is needed to read other names: where findings go, and the body that prompts may name. */
export interface Context {
  findings: Finding[];
  body: Body | undefined;
}

/** What types are called elsewhere. */
export const stepTypeNames: Readonly<Record<string, string>> = {
  llm_generate: "llm",
  shell_command: "shell",
  file_write: "write_file",
  maven_command: "shell",
};

export const commonNames = { step_type: "type", timeout_seconds: "timeout", retries: "retry" };

/** Per type of the model: what fields are called elsewhere. */
export const fieldNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  llm: { prompt_template: "prompt" },
  batch_llm: { prompt_template: "prompt" },
  agent: { agent_prompt: "prompt", tools: "allowed_tools" },
  tool: { tool_args: "args", input: "args" },
  write_file: { output_file: "path" },
  human: { notification: "question", timeout_minutes: "timeout" },
  parallel: { parallel_steps: "steps" },
  loop: { items_path: "items" },
  function: { config: "args" },
};

/** Maps within a step whose fields are the step's own here. */
export const liftedMaps: Readonly<Record<string, string>> = {
  condition: "condition",
  human: "human_config",
  loop: "loop_config",
};

/** A list of steps; a map of them, as TOML writes it, is a graph. */
export function readSteps(tree: Tree, context: Context): Tree {
  if (tree.kind === "list")
    return listAt(
      tree,
      tree.items.map((item) => readStep(item, context)),
    );
  if (tree.kind === "leaf") return tree;
  const steps = [...tree.entries].map(([key, value]) => {
    if (value.kind !== "branch") return value;
    const named = supplied(value, "id", { ...leafAt(value, key), at: value.keyAt });
    return readStep(supplied(named, "depends_on", listAt(value, [])), context);
  });
  return listAt(tree, steps);
}

function readStep(tree: Tree, context: Context): Tree {
  if (tree.kind !== "branch") return tree;
  const { findings } = context;
  const named = renamed(tree, commonNames, findings);
  const written = textOf(named, "type");
  const type = written === undefined ? undefined : (stepTypeNames[written] ?? written.replaceAll("-", "_"));
  let step = changed(named, "type", (value) => leafAt(value, type ?? null));
  if (type === undefined) step = named;
  const map = type === undefined ? undefined : liftedMaps[type];
  if (map !== undefined) step = lifted(step, map, findings);
  if (type !== "function") step = lifted(step, "config", findings);
  step = inMinutes(step);
  step = renamed(step, (type !== undefined && fieldNames[type]) || {}, findings);
  step = withIdentity(step);
  step = withErrorRule(step);
  step = withGuardrails(step, findings);
  step = changed(step, "depends_on", (value) => (value.kind === "leaf" ? listAt(value, [value]) : value));
  if (written === "maven_command") step = changed(step, "command", asMaven);
  for (const key of ["prompt", "system"]) step = changed(step, key, (value) => readPrompt(value, context));
  for (const key of ["then", "else", "steps"]) step = changed(step, key, (value) => readSteps(value, context));
  return step;
}

/** Elsewhere a step's name is its id; where it has an id as well, the name is its title. */
function withIdentity(step: Branch): Branch {
  if (!step.entries.has("name")) return step;
  const key = step.entries.has("id") ? "title" : "id";
  return step.entries.has(key) ? step : renamed(step, { name: key }, []);
}

function withErrorRule(step: Branch): Branch {
  const given = step.entries.get("continue_on_error");
  if (given?.kind !== "leaf" || typeof given.value !== "boolean" || step.entries.has("on_error")) return step;
  return supplied(without(step, "continue_on_error"), "on_error", leafAt(given, given.value ? "continue" : "fail"));
}

function inMinutes(step: Branch): Branch {
  return changed(step, "timeout_minutes", (value) =>
    value.kind === "leaf" && typeof value.value === "number" ? leafAt(value, `${value.value}m`) : value,
  );
}

function asMaven(command: Tree): Tree {
  if (command.kind === "list") return listAt(command, [leafAt(command, "mvn"), ...command.items]);
  if (command.kind !== "leaf" || typeof command.value !== "string" || /^\s*mvn\b/.test(command.value)) return command;
  return leafAt(command, `mvn ${command.value}`);
}

/** `#writer` stands for the body's section under that heading. */
function readPrompt(prompt: Tree, { body, findings }: Context): Tree {
  if (prompt.kind !== "leaf" || typeof prompt.value !== "string" || !/^#[^\s#][^\n]*\n?$/.test(prompt.value))
    return prompt;
  return sectionLeaf(body, { ...prompt, value: prompt.value }, findings);
}

/** The one step of an agent without steps: its prompt is the body. */
export function agentStep(agent: Branch, prompt: Tree | undefined, context: Context): Tree {
  const fields: [string, Tree][] = [
    ["id", leafAt(agent, "agent")],
    ["type", leafAt(agent, "agent")],
    ...(prompt === undefined ? [] : [["prompt", prompt] satisfies [string, Tree]]),
  ];
  return readStep(branchAt(agent, [...agent.entries, ...fields.filter(([key]) => !agent.entries.has(key))]), context);
}
