import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
  CallToolResultSchema,
  ErrorCode,
  McpError,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { packageVersion } from "../core/runtime.ts";
import { callFailure, openingFailure } from "./failures.ts";
import type { Link } from "./link.ts";
import { resultOf } from "./results.ts";
import { SessionGone } from "./session-gone.ts";
import { checkArguments, readTools, type ServerTool, unknownTool } from "./tool-list.ts";
import { unlessAborted } from "./unless-aborted.ts";

export interface ConnectionOptions {
  server: string;
  link: Link;
  /** How long the server may take to begin, and to tell its tools. */
  startMs: number;
}

export interface ToolProgress {
  progress: number;
  total?: number | undefined;
  message?: string | undefined;
}

export interface ConnectionCall {
  tool: string;
  args: Record<string, unknown>;
  signal: AbortSignal;
  /** Default: what the server's entry says, else as long as it takes. */
  timeoutMs?: number | undefined;
  /** Rides along as `_meta`. */
  meta: Record<string, unknown>;
  onProgress(progress: ToolProgress): void;
  /** Awaited right before the call goes out, once everything that could keep it from that is behind it. */
  onSend?: (() => Promise<void>) | undefined;
}

const longestTimerMs = 2 ** 31 - 1;
/** How long the news may take that a server whose pipe broke has ended. */
const newsMs = 1_000;

/** A client that has shaken hands with a server. */
export class Connection {
  /** Resolves when nothing can be asked through it any more. */
  readonly ended: Promise<void>;
  readonly #options: ConnectionOptions;
  // Nothing that a server could ask of us is offered: no model, no person, no folder.
  readonly #client = new Client({ name: "savepoint", version: packageVersion() }, { capabilities: {} });
  readonly #end: () => void;
  #calls = 0;
  #isLeft = false;
  #tools: Promise<Map<string, ServerTool>> | undefined;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
    this.#client.onclose = resolve;
    this.#client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      this.#tools = undefined;
    });
  }

  /** @throws ModelError `server_unavailable` or `unauthorized`; nothing of the server is left then */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
    const { server, link, startMs } = options;
    const connection = new Connection(options);
    const stop = () => void link.close();
    signal.addEventListener("abort", stop, { once: true });
    try {
      await inTime(connection.#client.connect(link.transport, { timeout: startMs }), startMs);
      return connection;
    } catch (error) {
      // Its words are complete, and how it ended is known, only after its end.
      await link.close();
      throw openingFailure(server, error, link);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /**
   * Calls a tool once.
   * @throws ModelError what went wrong; UserError `not_found`, `invalid_input`; SessionGone where nothing was called;
   * the signal's reason
   */
  async call(call: ConnectionCall): Promise<unknown> {
    const { server } = this.#options;
    this.#calls++;
    try {
      const tool = await unlessAborted(this.#find(call.tool), call.signal);
      checkArguments(server, tool, call.args);
      await call.onSend?.();
      return resultOf(tool.name, await this.#request(call));
    } finally {
      this.#calls--;
      if (this.#isLeft) this.#leave();
    }
  }

  /** All tools, as the server told them last. */
  tools(): Promise<Map<string, ServerTool>> {
    if (this.#tools === undefined) {
      const asked = readTools(this.#client, this.#options.startMs).catch(async (error: unknown) => {
        if (this.#tools === asked) this.#tools = undefined;
        throw await this.#failure("its list of tools", error);
      });
      this.#tools = asked;
    }
    return this.#tools;
  }

  close(): Promise<void> {
    return this.#options.link.close();
  }

  /** Servers that do not say when their tools change are asked again. */
  async #find(name: string): Promise<ServerTool> {
    const { server } = this.#options;
    const known = (await this.tools()).get(name);
    if (known !== undefined) return known;
    this.#tools = undefined;
    const tools = await this.tools();
    const tool = tools.get(name);
    if (tool === undefined) throw unknownTool(server, name, [...tools.keys()]);
    return tool;
  }

  async #request({ tool, args, signal, timeoutMs = longestTimerMs, meta, onProgress }: ConnectionCall) {
    // The SDK listens to its signal for ever, and would take back at its abort what was answered long ago.
    const stop = new AbortController();
    const abort = () => stop.abort(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", abort, { once: true });
    try {
      const params = { name: tool, arguments: args, _meta: meta };
      const timeout = Math.min(timeoutMs, longestTimerMs);
      const options = { signal: stop.signal, timeout, onprogress: onProgress };
      return await this.#client.request({ method: "tools/call", params }, CallToolResultSchema, options);
    } catch (error) {
      signal.throwIfAborted();
      throw await this.#failure(`the tool ${tool}`, error);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #failure(what: string, error: unknown): Promise<Error> {
    const { server, link } = this.#options;
    const isBroken = error instanceof Error && "syscall" in error;
    if (isBroken) await Promise.race([this.ended, sleep(newsMs, undefined, { ref: false })]);
    const failure = callFailure({ server, what }, error, link);
    if (failure instanceof SessionGone || isBroken) this.#leave();
    return failure;
  }

  /** Nothing more is asked through it; calls that are under way may still be answered. */
  #leave(): void {
    this.#isLeft = true;
    this.#end();
    if (this.#calls === 0) void this.close();
  }
}

/** The SDK limits how long the server may take to answer, and not how long the way to it may take to open. */
async function inTime(work: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  work.catch(() => {});
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new McpError(ErrorCode.RequestTimeout, "it took too long");
  });
  late.catch(() => {});
  try {
    await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
