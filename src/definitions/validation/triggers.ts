import { Cron } from "croner";
import { messageOf } from "../../core/errors.ts";
import { shown } from "../../core/shown.ts";
import { nearest } from "../../core/suggest.ts";
import type { Finding } from "../problem.ts";
import { type Branch, itemsOf, memberOf, textOf } from "../reading/tree.ts";

/** The model refuses more. */
const mostTriggers = 100;

/** Hours that never come, zones that are nowhere, and workflows that start themselves. */
export function checkTriggers(fields: Branch): Finding[] {
  const own = textOf(fields, "name");
  return itemsOf(fields, "triggers")
    .slice(0, mostTriggers)
    .flatMap((trigger): Finding[] => {
      const type = textOf(trigger, "type");
      if (trigger.kind !== "branch") return [];
      if (type === "cron") return [...cronFindings(trigger), ...zoneFindings(trigger)];
      const workflow = memberOf(trigger, "workflow");
      if (type !== "completion" || workflow === undefined || textOf(trigger, "workflow") !== own) return [];
      const message = "the workflow would start itself whenever it ends, for ever";
      const hint = "Name another workflow.";
      return [{ code: "cycle", at: workflow.at, field: workflow.field, message, hint }];
    });
}

/** Hours and zones that were found right: asking takes longer than reading a file, and a folder holds few different ones. */
const sound = new Set<string>();
const mostRemembered = 1_000;

function remember(text: string): [] {
  if (sound.size >= mostRemembered) sound.clear();
  sound.add(text);
  return [];
}

function cronFindings(trigger: Branch): Finding[] {
  const leaf = memberOf(trigger, "cron");
  const cron = textOf(trigger, "cron");
  if (leaf === undefined || cron === undefined) return [];
  const problem = sound.has(`cron ${cron}`) ? undefined : cronProblem(cron);
  if (problem === undefined) return remember(`cron ${cron}`);
  const hint = 'Minute, hour, day of the month, month, day of the week; for example "0 9 * * 1-5".';
  return [{ code: "bad_cron", at: leaf.at, field: leaf.field, message: `${shown(cron)}: ${problem}`, hint }];
}

function cronProblem(cron: string): string | undefined {
  const parts = cron.trim().split(/\s+/).length;
  if (!cron.trim().startsWith("@") && parts !== 5) return `it has ${parts} fields and not 5`;
  try {
    const next = new Cron(cron.trim(), { timezone: "UTC", paused: true, mode: "5-part" }).nextRun();
    return next === null ? "this never comes" : undefined;
  } catch (error) {
    return messageOf(error).replace(/^CronPattern: /, "");
  }
}

function zoneFindings(trigger: Branch): Finding[] {
  const leaf = memberOf(trigger, "timezone");
  const zone = textOf(trigger, "timezone");
  if (leaf === undefined || zone === undefined || sound.has(`zone ${zone}`)) return [];
  if (isZone(zone)) return remember(`zone ${zone}`);
  const hint = () => {
    const [near] = nearest(zone, ["UTC", ...Intl.supportedValuesOf("timeZone")], 1);
    return near === undefined ? "Write a name such as Europe/Berlin or UTC." : `Did you mean ${near}?`;
  };
  return [
    { code: "bad_timezone", at: leaf.at, field: leaf.field, message: `there is no time zone ${shown(zone)}`, hint },
  ];
}

/** Offsets are refused, though Intl reads them: they know no summer time. */
function isZone(zone: string): boolean {
  try {
    return /^[A-Za-z]/.test(zone) && new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    return false;
  }
}
