import { shown } from "../../core/shown.ts";
import { nameForm } from "../model/fields.ts";
import type { Document } from "../reading/document.ts";
import { bodyLeaf } from "../reading/sections.ts";
import { type Branch, branchAt, leafAt, listAt, type Tree } from "../reading/tree.ts";
import { withGuardrails } from "./guardrails.ts";
import { readInputs } from "./inputs.ts";
import { changed, lifted, renamed, supplied, without } from "./keys.ts";
import { agentStep, type Context, readSteps } from "./steps.ts";
import { withTriggers } from "./triggers.ts";

/** The fields of a file under the names of the model, whichever system's names it uses. */
export function readDefinitionFields(
  fields: Branch,
  { body }: Document,
  { stem, findings }: { stem: string; findings: Context["findings"] },
): Branch {
  const context = { findings, body };
  let tree = lifted(fields, "workflow", findings);
  tree = supplied(tree, "name", leafAt({ ...tree, field: "name" }, kebab(stem) ?? stem));
  tree = changed(tree, "name", (name) => suggestName(name, findings));
  tree = withModel(tree, findings);
  tree = withGuardrails(tree, findings);
  tree = withTriggers(tree, findings);
  tree = changed(tree, "inputs", readInputs);
  return withSteps(renamed(tree, { timeout_seconds: "timeout" }, findings), context);
}

/** A name in kebab-case; undefined where nothing of it is left. */
export function kebab(name: string): string | undefined {
  const text = name
    .trim()
    .replace(/([a-z\d])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z\d]+/g, "-")
    .replace(/^-|-$/g, "");
  return nameForm.test(text) ? text : undefined;
}

function suggestName(name: Tree, findings: Context["findings"]): Tree {
  if (name.kind !== "leaf" || typeof name.value !== "string" || nameForm.test(name.value)) return name;
  const meant = kebab(name.value);
  findings.push({
    code: "invalid_field",
    at: name.at,
    field: name.field,
    message: `name must be in kebab-case; it is ${shown(name.value)}`,
    hint: meant === undefined ? "For example: release-notes." : `Write ${meant}, and the other as the title.`,
  });
  return leafAt(name, meant?.slice(0, 100) ?? "unnamed");
}

/** One model for all steps is the model of `*`. */
function withModel(fields: Branch, findings: Context["findings"]): Branch {
  const model = fields.entries.get("model");
  if (model === undefined) return fields;
  const models = fields.entries.get("models");
  const rest = without(fields, "model");
  if (models === undefined) return supplied(rest, "models", branchAt(model, [["*", model]]));
  return changed(rest, "models", (tree) =>
    tree.kind === "branch"
      ? lifted(branchAt(tree, [...tree.entries, ["model", branchAt(model, [["*", model]])]]), "model", findings)
      : tree,
  );
}

function withSteps(fields: Branch, context: Context): Branch {
  const agent = fields.entries.get("agent");
  const { findings, body } = context;
  if (fields.entries.has("steps")) {
    if (agent === undefined) return changed(fields, "steps", (steps) => readSteps(steps, context));
    const message = "agent is for a definition without steps: with steps it has no effect";
    const hint = "Write its fields into a step of the type agent.";
    findings.push({ code: "invalid_field", at: agent.keyAt, field: agent.field, message, hint });
    return changed(without(fields, "agent"), "steps", (steps) => readSteps(steps, context));
  }
  if (agent === undefined && body === undefined) return fields;
  if (agent !== undefined && agent.kind !== "branch") return fields;
  const block = agent ?? branchAt({ ...fields, field: "agent" }, []);
  const step = agentStep(block, body && bodyLeaf(body), context);
  return supplied(without(fields, "agent"), "steps", listAt({ ...block, field: "steps" }, [step]));
}
