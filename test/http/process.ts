import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { dist, isRunning, type TestProject, until } from "../processes/project.ts";

const main = fileURLToPath(new URL("cli/main.js", dist));

export interface RunningServer {
  child: ChildProcess;
  url: string;
  port: number;
  pid: number;
  token: string;
  authorization: { authorization: string };
  /** What it wrote to stderr. */
  said(): string;
  /** Sends text as it is and answers all that comes back. */
  raw(text: string): Promise<string>;
}

/** `savepoint serve` as it ships, on a free port. */
export async function startServer(project: TestProject, ...args: string[]): Promise<RunningServer> {
  const { child, output } = launch(project, "--port", "0", "--output", "json", ...args);
  await until("the server to listen", () => output.stdout.includes("\n") || !isRunning(child));
  if (!isRunning(child)) throw new Error(`it ended with ${child.exitCode}: ${output.stderr}`);
  const { url, pid } = JSON.parse(output.stdout) as { url: string; pid: number };
  const token = project.lines(".savepoint/token")[0] ?? "";
  const port = Number(new URL(url).port);
  const raw = (text: string) => exchange(port, text);
  const authorization = { authorization: `Bearer ${token}` };
  return { child, url, port, pid, token, authorization, said: () => output.stderr, raw };
}

/** The command with these arguments, and what it writes. */
export function launch(project: TestProject, ...args: string[]) {
  const child = project.node([main, "serve", "--project", project.root, ...args]);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.on("data", (chunk: Buffer) => {
      output[name] += chunk.toString();
    });
  }
  return { child, output };
}

async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString();
  });
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "close");
  return received;
}
