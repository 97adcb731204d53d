import type { Finding } from "../problem.ts";
import type { Branch, Tree } from "../reading/tree.ts";
import { changed, renamed } from "./keys.ts";

export const guardrailNames: Readonly<Record<string, string>> = {
  request_limit: "max_requests",
  total_tokens_limit: "max_tokens",
  tool_calls_limit: "max_tool_calls",
  max_cost_dollars: "max_cost_usd",
  timeout_seconds: "max_time",
};

/** Guardrails by the names of the model. */
export function withGuardrails(branch: Branch, findings: Finding[]): Branch {
  return changed(branch, "guardrails", (tree: Tree) =>
    tree.kind === "branch" ? renamed(tree, guardrailNames, findings) : tree,
  );
}
