import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { catalogue } from "./catalogue.ts";
import type { Operation } from "./operation.ts";

/** What an MCP client is offered unless others are asked for: its model reads every description. */
const usual: readonly string[] = ["executions", "workflows", "artifacts", "secrets", "stacks", "server"];
/** Operations whose name does not begin with their group. */
const elsewhere: Readonly<Record<string, string>> = { status: "server", executions_statistics: "statistics" };

/** The groups of the catalogue, in its order. */
const groups: readonly string[] = [...new Set(catalogue.map(groupOf))];

/**
 * The operations of some groups, in the order of the catalogue.
 * @param wanted names of groups, `all`, or nothing for the usual ones
 * @throws UserError `invalid_input` for a group that there is not
 */
export function operationsOfGroups(wanted: readonly string[] = []): readonly Operation[] {
  const unknown = wanted.find((name) => name !== "all" && !groups.includes(name));
  if (unknown !== undefined) {
    throw new UserError("invalid_input", `there is no group of operations ${JSON.stringify(unknown)}`, {
      hint: `${didYouMean(unknown, groups) ?? ""} There are: ${groups.join(", ")}; or all.`.trim(),
      details: { field: "groups", groups },
    });
  }
  if (wanted.includes("all")) return catalogue;
  const chosen = wanted.length === 0 ? usual : wanted;
  return catalogue.filter((operation) => chosen.includes(groupOf(operation)));
}

/** What a client could be offered besides. */
export function unofferedGroups(operations: readonly Operation[]): string[] {
  const offered = new Set(operations.map(groupOf));
  return groups.filter((group) => !offered.has(group));
}

export function groupOf({ name }: Pick<Operation, "name">): string {
  const [group = name] = name.split("_");
  return elsewhere[name] ?? group;
}
