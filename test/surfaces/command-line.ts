import { neverTyped } from "../../src/cli/exceptions.ts";

/** An operation as it is typed: `savepoint executions abort-wait --execution-id …`. */
export function commandLine(name: string, args: Record<string, unknown>): { words: string[]; stdin: string } {
  const [group = "", ...verb] = name.split("_");
  let stdin = "";
  const flags = Object.entries(args).flatMap(([field, value]) => {
    const flag = `--${field.replaceAll("_", "-")}`;
    if (neverTyped.some((one) => one.operation === name && one.field === field)) {
      stdin = JSON.stringify(value);
      return [flag, "-"];
    }
    if (Array.isArray(value)) return value.flatMap((item) => [flag, String(item)]);
    if (value === true && field !== "value") return [flag];
    if (value === false && field !== "value") return [`--no-${flag.slice(2)}`];
    return [flag, typeof value === "string" && field !== "value" ? value : JSON.stringify(value)];
  });
  return { words: [group, ...(verb.length === 0 ? [] : [verb.join("-")]), ...flags], stdin };
}
