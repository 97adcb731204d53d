import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach } from "vitest";
import { type Connections, type ConnectionsOptions, createConnections } from "../../../src/connections/connections.ts";

const program = fileURLToPath(new URL("./stdio-server.ts", import.meta.url));

/** How a test's stdio server stands in an `.mcp.json`. */
export function stdioServer(...options: string[]): Record<string, unknown> {
  return { command: process.execPath, args: [program, ...options] };
}

export interface OpenConnections extends Connections {
  root: string;
  /** What was given to servers and is to be kept out of sight. */
  learned: { label: string; value: string }[];
  call(server: string, tool: string, args?: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
  configure(servers: Record<string, unknown>): void;
  write(name: string, text: string): string;
  lines(name: string): string[];
}

interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
  meta?: Record<string, unknown>;
  onProgress?: (progress: unknown) => void;
}

/** A project folder for each test; whatever a test opens in it is closed. */
export function useConnections(): {
  open(servers?: Record<string, unknown>, options?: Partial<ConnectionsOptions>): OpenConnections;
  readonly root: string;
} {
  let root = "";
  let opened: Connections[] = [];
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "savepoint-connections-")));
    opened = [];
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    get root() {
      return root;
    },
    open(servers, options = {}) {
      const project = root;
      const learned: OpenConnections["learned"] = [];
      const protection = {
        learn: (values: readonly { label: string; value: string }[]) => void learned.push(...values),
      };
      const env = { PATH: process.env["PATH"], HOME: project, ...options.env };
      const connections = createConnections({ projectRoot: project, protection, ...options, env });
      opened.push(connections);
      const write = (name: string, text: string) => {
        writeFileSync(join(project, name), text);
        return join(project, name);
      };
      const configure = (given: Record<string, unknown>) =>
        void write(".mcp.json", JSON.stringify({ mcpServers: given }));
      if (servers !== undefined) configure(servers);
      return {
        ...connections,
        root: project,
        learned,
        write,
        configure,
        lines: (name) => {
          try {
            return readFileSync(join(project, name), "utf8").split("\n").slice(0, -1);
          } catch {
            return [];
          }
        },
        call: (server, tool, args = {}, { signal, meta = {}, onProgress = () => {}, ...rest } = {}) =>
          connections.callTool({
            server,
            tool,
            args,
            signal: signal ?? new AbortController().signal,
            meta,
            onProgress,
            ...rest,
          }),
      };
    },
  };
}

/** What a promise was rejected with. */
export async function errorOf(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return Object.assign(error);
    throw error;
  }
  throw new Error("it did not fail");
}

export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
