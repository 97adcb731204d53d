import type { LeaderEnd } from "../../processes/group.ts";
import type { KeptOutput } from "./kept-output.ts";

export interface ProgramReport extends LeaderEnd {
  stdout: KeptOutput;
  stderr: KeptOutput;
}

const mostBytes = 16 * 1024 * 1024;
const mostLines = 20;
const mostCharacters = 2_000;

/** What a command did, as a text for people. */
export function reportText(command: string, report: ProgramReport): string {
  const how = report.exitCode === null ? `ended by ${report.signal}` : `exit code ${report.exitCode}`;
  const half = mostBytes / 2;
  return `$ ${command}\n${how}\n--- stdout ---\n${closed(report.stdout.text(half))}--- stderr ---\n${closed(report.stderr.text(half))}`;
}

/** The end of what it said, for a message: what it complained of, else what it wrote. */
export function lastWords({ stdout, stderr }: ProgramReport): string {
  const said = stderr.text().trim() || stdout.text().trim();
  if (said === "") return "";
  const lines = said.split("\n").slice(-mostLines).join("\n");
  return `:\n${lines.length > mostCharacters ? `…${lines.slice(-mostCharacters)}` : lines}`;
}

function closed(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
