import type { JsonSchema } from "../../core/json-schema.ts";
import { type Finding, nameHint } from "../problem.ts";
import { type Branch, itemsOf, memberOf, type Tree, textOf } from "../reading/tree.ts";
import { isTemplate } from "../values/template.ts";
import { childInputFindings } from "./child-input.ts";
import { type Modules, moduleFindings } from "./modules.ts";
import { allSteps, type Outline, type OutlineList } from "./outline.ts";
import type { SecretUse } from "./reference-use.ts";

/** What there is around a definition. What is left out is not checked. */
export interface Known extends Modules {
  /** What is wrong with the name of a model, in a few words; undefined: nothing. */
  modelProblem?: ((model: string) => string | undefined) | undefined;
  /** Names of secrets, with the keys of each. */
  secrets?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Names of all workflows. */
  workflows?: readonly string[] | undefined;
  /** Names that several workflows have, with the target of each. */
  ambiguous?: ReadonlyMap<string, readonly string[]> | undefined;
  /** What workflows take, by name and by target: JSON Schemas of objects. */
  inputs?: ReadonlyMap<string, JsonSchema> | undefined;
  /** Entries of the project's MCP configuration. */
  servers?: readonly string[] | undefined;
}

/** Names of things outside of the file that are not there. */
export function checkKnown(
  { fields, root, secrets }: { fields: Branch; root: OutlineList; secrets: readonly SecretUse[] },
  known: Known,
): Finding[] {
  const own = textOf(fields, "name");
  const around = {
    ...known,
    workflows: known.workflows && [...new Set([...known.workflows, ...(own === undefined ? [] : [own])])],
  };
  return [
    ...modelFindings(fields, root, known),
    ...secrets.flatMap((use) => secretFindings(use, known)),
    ...allSteps(root).flatMap((step) => stepFindings(step, around)),
    ...itemsOf(fields, "triggers").flatMap((trigger) => {
      const leaf = textOf(trigger, "type") === "completion" ? memberOf(trigger, "workflow") : undefined;
      return workflowFindings(leaf, around, "warning");
    }),
  ];
}

function modelFindings(fields: Branch, root: OutlineList, { modelProblem }: Known): Finding[] {
  const models = memberOf(fields, "models");
  const byStep = models?.kind === "branch" ? [...models.entries] : [];
  const ids = allSteps(root).map(({ id }) => id);
  const stray = byStep.filter(([id]) => id !== "*" && !ids.includes(id));
  const leaves = [
    ...byStep.map(([, leaf]) => leaf),
    ...allSteps(root).flatMap(({ tree }) => memberOf(tree, "model") ?? []),
  ];
  return [
    ...stray.map(([id, { keyAt, field }]): Finding => {
      const message = `models names a step ${id}, which there is not`;
      return { code: "unknown_step", at: keyAt, field, message, hint: nameHint(id, ids) };
    }),
    ...leaves.flatMap((leaf): Finding[] => {
      if (leaf.kind !== "leaf" || typeof leaf.value !== "string" || isTemplate(leaf.value)) return [];
      const hint = modelProblem?.(leaf.value);
      if (hint === undefined) return [];
      const message = `there is no model or alias ${leaf.value}`;
      return [{ severity: "warning", code: "unknown_model", at: leaf.at, field: leaf.field, message, hint }];
    }),
  ];
}

function secretFindings({ name, key, at, field }: SecretUse, { secrets }: Known): Finding[] {
  if (secrets === undefined) return [];
  const keys = secrets.get(name);
  if (keys?.includes(key)) return [];
  const message = keys === undefined ? `there is no secret ${name}` : `the secret ${name} has no key ${key}`;
  const make = "Make it with secrets_create before the workflow runs.";
  const hint = keys === undefined ? nameHint(name, secrets.keys(), make) : nameHint(key, keys, make);
  return [{ severity: "warning", code: "unknown_secret", at, field, message, hint }];
}

function stepFindings({ kind, tree }: Outline, known: Known): Finding[] {
  switch (kind) {
    case "workflow":
      return [...workflowFindings(memberOf(tree, "workflow"), known), ...childInputFindings(tree, known.inputs)];
    case "tool":
      return nameFindings(memberOf(tree, "server"), known.servers, serverRule);
    case "agent":
      return itemsOf(tree, "mcp_servers").flatMap((leaf) => nameFindings(leaf, known.servers, serverRule));
    case "function":
      return moduleFindings(tree, known);
    default:
      return [];
  }
}

/** Paths such as `flows/x.ts:y` and `workflows/x.md` are looked up when the step runs, and so is what a template makes. */
function workflowFindings(leaf: Tree | undefined, { workflows, ambiguous }: Known, severity?: "warning"): Finding[] {
  if (leaf?.kind !== "leaf" || typeof leaf.value !== "string") return [];
  if (/[/\\:{]|\.(md|toml|ya?ml|[cm]?[jt]sx?)$/i.test(leaf.value)) return [];
  const targets = ambiguous?.get(leaf.value);
  if (targets !== undefined) {
    const message = `${targets.length} workflows are called ${leaf.value}: ${targets.join(", ")}`;
    const hint = `Name one by its target, for example ${JSON.stringify(targets[0])}.`;
    return [{ code: "unknown_workflow", at: leaf.at, field: leaf.field, message, hint, ...(severity && { severity }) }];
  }
  return nameFindings(leaf, workflows, { code: "unknown_workflow", what: "workflow", ...(severity && { severity }) });
}

const serverRule = { code: "unknown_server", what: "MCP server", severity: "warning" } as const;

function nameFindings(
  leaf: Tree | undefined,
  names: readonly string[] | undefined,
  { code, what, severity }: { code: Finding["code"]; what: string; severity?: "warning" },
): Finding[] {
  if (leaf?.kind !== "leaf" || typeof leaf.value !== "string" || names === undefined) return [];
  if (names.includes(leaf.value)) return [];
  const finding: Finding = {
    code,
    at: leaf.at,
    field: leaf.field,
    message: `there is no ${what} ${leaf.value}`,
    hint: nameHint(leaf.value, names),
  };
  return [severity === undefined ? finding : { ...finding, severity }];
}
