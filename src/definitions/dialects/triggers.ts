import type { Finding } from "../problem.ts";
import { type Branch, branchAt, leafAt, listAt, type Tree, textOf } from "../reading/tree.ts";
import { changed, lifted, renamed, supplied, without } from "./keys.ts";

export const triggerTypeNames: Readonly<Record<string, string>> = { agent_completion: "completion", schedule: "cron" };
export const triggerFieldNames = { schedule: "cron", event_type: "event" };

/** Triggers as one list, wherever the file has them: `triggers`, one `trigger`, a `schedule`. */
export function withTriggers(fields: Branch, findings: Finding[]): Branch {
  const listed = fields.entries.get("triggers");
  const single = fields.entries.get("trigger");
  const schedule = fields.entries.get("schedule");
  if (listed !== undefined && listed.kind !== "list") return fields;
  const all = [
    ...(listed?.items ?? []),
    ...(single === undefined ? [] : [single]),
    ...(schedule === undefined ? [] : [asCron(schedule)]),
  ];
  const origin = listed ?? single ?? schedule;
  if (origin === undefined) return fields;
  const rest = without(without(without(fields, "trigger"), "schedule"), "triggers");
  const triggers = all.map((one) => readTrigger(one, findings)).filter((one) => textOf(one, "type") !== "manual");
  return supplied(rest, "triggers", listAt(origin, triggers));
}

function asCron(schedule: Tree): Tree {
  if (schedule.kind === "leaf" && typeof schedule.value === "string") {
    return branchAt(schedule, [
      ["type", leafAt(schedule, "cron")],
      ["cron", schedule],
    ]);
  }
  if (schedule.kind !== "branch") return schedule;
  return supplied(schedule, "type", leafAt(schedule, "cron"));
}

function readTrigger(tree: Tree, findings: Finding[]): Tree {
  if (tree.kind !== "branch") return tree;
  const flat = renamed(lifted(tree, "config", findings), triggerFieldNames, findings);
  return changed(flat, "type", (type) =>
    type.kind === "leaf" && typeof type.value === "string"
      ? leafAt(type, triggerTypeNames[type.value] ?? type.value)
      : type,
  );
}
