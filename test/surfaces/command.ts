import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { neverTyped } from "../../src/cli/exceptions.ts";
import { dist, type TestProject } from "../processes/project.ts";

export const cli = fileURLToPath(new URL("cli/main.js", dist));

export interface CommandOutcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

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

export async function runCommand(project: TestProject, words: string[], stdin = ""): Promise<CommandOutcome> {
  const child = project.node([cli, ...words]);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin?.end(stdin);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, stdout, stderr };
}
