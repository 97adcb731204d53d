import { AsyncLocalStorage } from "node:async_hooks";
import type { Protection } from "../store/protection.ts";
import { ServerConfiguration } from "./configuration.ts";
import type { Connection, ConnectionCall } from "./connection.ts";
import type { ReadEntry, ServerEntry } from "./server-entry.ts";
import { SessionGone } from "./session-gone.ts";
import { Slot } from "./slot.ts";
import type { ServerTool } from "./tool-list.ts";

export interface ConnectionsOptions {
  projectRoot: string;
  /** Of this process: what entries are filled in from. Servers get an allow-list of it. */
  env: NodeJS.ProcessEnv;
  /** `mcpServers` of the project's own configuration. */
  servers?: Readonly<Record<string, unknown>> | undefined;
  /** Told of the credentials that servers are given. */
  protection: Pick<Protection, "learn">;
  /** Stands for the network; default: the real one. */
  fetch?: typeof globalThis.fetch | undefined;
  idleMs?: number | undefined;
  startMs?: number | undefined;
}

export interface ServerCall extends ConnectionCall {
  server: string;
}

/** Clients of the MCP servers that the project's configuration names. */
export interface Connections {
  /** All servers, also those whose entries are wrong. */
  serverNames(): string[];
  /**
   * How a server is configured, for programs that have MCP clients of their own.
   * @throws UserError `not_found` or `invalid_input`
   */
  serverEntry(server: string): Pick<ReadEntry, "written" | "filledIn" | "variables">;
  /**
   * Calls a tool, once: a call that broke off may have happened. Answers its structured content, or what else it sent.
   * @throws UserError `not_found`, `invalid_input`; ModelError `tool_failed`, `connection_lost`, `server_unavailable` and
   * others; the signal's reason as soon as it fires
   */
  callTool(call: ServerCall): Promise<unknown>;
  /** @throws the same */
  listTools(server: string, signal?: AbortSignal): Promise<ServerTool[]>;
  /** Ends all servers that were started. */
  close(): Promise<void>;
}

const usualIdleMs = 5 * 60_000;
const usualStartMs = 30_000;

export function createConnections(options: ConnectionsOptions): Connections {
  const { projectRoot, env, protection, fetch, idleMs = usualIdleMs, startMs = usualStartMs } = options;
  const configuration = new ServerConfiguration(options);
  const slots = new Map<string, { stamp: string; slot: Slot }>();
  const retired = new Set<Slot>();
  // A connection outlives the execution that happens to open it.
  const outside = AsyncLocalStorage.snapshot();

  /** A server whose entry has changed is left to the calls that it still has to answer. */
  function slotFor(server: string): { slot: Slot; entry: ServerEntry } {
    const read = configuration.find(server);
    const { entry } = read;
    const stamp = JSON.stringify(entry);
    const known = slots.get(server);
    if (known?.stamp === stamp) return { slot: known.slot, entry };
    if (known !== undefined) {
      retired.add(known.slot);
      known.slot.retire();
    }
    protection.learn(credentialsOf(read, env));
    const open = async (signal: AbortSignal) => {
      // Most processes that could call a tool never do.
      const { openConnection } = await import("./opening.ts");
      return openConnection({ server, entry, projectRoot, env, fetch, startMs }, signal);
    };
    const slot = new Slot({ open: (signal) => outside(open, signal), idleMs });
    slots.set(server, { stamp, slot });
    return { slot, entry };
  }

  async function inSession<T>(
    server: string,
    signal: AbortSignal,
    work: (connection: Connection, entry: ServerEntry) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const { slot, entry } = slotFor(server);
    const once = () => slot.use(signal, (connection) => work(connection, entry));
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof SessionGone)) throw error;
      // The server refused it before it did anything: in a new session it is the first call.
      return await once();
    }
  }

  return {
    serverNames: () => configuration.names(),
    serverEntry: (server) => configuration.find(server),
    callTool({ server, ...call }) {
      const onProgress = AsyncLocalStorage.bind(call.onProgress);
      return inSession(server, call.signal, (connection, { timeoutMs }) =>
        connection.call({ ...call, timeoutMs: call.timeoutMs ?? timeoutMs, onProgress }),
      );
    },
    async listTools(server, signal = new AbortController().signal) {
      const tools = await inSession(server, signal, (connection) => connection.tools());
      return [...tools.values()];
    },
    async close() {
      const all = [...retired, ...[...slots.values()].map(({ slot }) => slot)];
      slots.clear();
      await Promise.all(all.map((slot) => slot.close()));
    },
  };
}

/** A server may repeat what it is given. */
function credentialsOf({ entry, variables }: ReadEntry, env: NodeJS.ProcessEnv): { label: string; value: string }[] {
  const filledIn = variables.map((label) => ({ label, value: env[label] ?? "" }));
  if (entry.kind === "process") {
    return [...filledIn, ...Object.entries(entry.env).map(([label, value]) => ({ label, value }))];
  }
  const headers = Object.entries(entry.headers).map(([name, value]) => ({
    label: "MCP_HEADERS",
    value: `${name}: ${value}`,
  }));
  return [...filledIn, ...headers];
}
