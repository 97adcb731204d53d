import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { type ReadEntry, readEntry } from "./server-entry.ts";

interface ConfigurationSource {
  projectRoot: string;
  /** Of the worker: what variables in entries are filled in from. */
  env: NodeJS.ProcessEnv;
  /** `mcpServers` of `savepoint.config.json`. */
  servers?: Readonly<Record<string, unknown>> | undefined;
}

interface FileContent {
  /** Changes whenever the file does. */
  stamp: string;
  servers: ReadonlyMap<string, unknown>;
  problem: UserError | undefined;
}

const fileName = ".mcp.json";
const ownFile = "savepoint.config.json";
const largestFile = 1024 * 1024;

/** The MCP servers that the project knows: its own configuration comes before the file that it shares with other programs. */
export class ServerConfiguration {
  readonly #path: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #own: ReadonlyMap<string, unknown>;
  #file: FileContent | undefined;

  constructor({ projectRoot, env, servers = {} }: ConfigurationSource) {
    this.#path = join(projectRoot, fileName);
    this.#env = env;
    this.#own = new Map(Object.entries(servers));
  }

  /** All servers, also those whose entries are wrong. */
  names(): string[] {
    return [...new Set([...this.#own.keys(), ...this.#current().servers.keys()])].sort();
  }

  /** @throws UserError `not_found` with the nearest names, or `invalid_input` that names the field */
  find(name: string): ReadEntry {
    const { servers, problem } = this.#current();
    const isOwn = this.#own.has(name);
    if (!isOwn && problem !== undefined) throw problem;
    if (!isOwn && !servers.has(name)) throw unknownServer(name, this.names());
    const written = isOwn ? this.#own.get(name) : servers.get(name);
    return readEntry(written, `${isOwn ? ownFile : fileName}: mcpServers.${name}`, this.#env);
  }

  /** Read again when it has changed. */
  #current(): FileContent {
    const stamp = stampOf(this.#path);
    if (this.#file?.stamp !== stamp) this.#file = { stamp, ...readServers(this.#path, stamp) };
    return this.#file;
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : [found.ino, found.size, found.mtimeMs, found.ctimeMs].join(" ");
}

const fileShape = z.looseObject({
  mcpServers: z.record(z.string(), z.unknown(), "must be an object of servers by their names").default({}),
});

function readServers(path: string, stamp: string): Omit<FileContent, "stamp"> {
  try {
    return { servers: stamp === "" ? new Map() : parseServers(path), problem: undefined };
  } catch (error) {
    const hint = `Mend ${fileName} in the project's root.`;
    const problem = new UserError("invalid_input", `${fileName} cannot be used: ${messageOf(error)}`, { hint });
    return { servers: new Map(), problem };
  }
}

function parseServers(path: string): Map<string, unknown> {
  const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  if (text.length > largestFile) throw new Error(`it is larger than ${largestFile} bytes`);
  const { data, error } = fileShape.safeParse(parseJson(text));
  if (data !== undefined) return new Map(Object.entries(data.mcpServers));
  throw new Error(error.issues.map(({ path: field, message }) => `${field.join(".") || "it"}: ${message}`).join("; "));
}

/** The message of a syntax error shows a piece of the text, in which a key may stand. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = /at position \d+( \(line \d+ column \d+\))?/.exec(messageOf(error))?.[0] ?? "";
    throw new Error(`it is not JSON ${place}`.trim());
  }
}

function unknownServer(name: string, names: readonly string[]): UserError {
  const place = `Servers are configured in ${fileName} in the project's root, or under mcpServers in ${ownFile}.`;
  const known = names.length === 0 ? "None is there." : undefined;
  const hint = [didYouMean(name, names) ?? known, place].filter((part) => part !== undefined).join(" ");
  return new UserError("not_found", `there is no MCP server ${JSON.stringify(name)}`, {
    hint,
    details: { server: name, known: names.slice(0, 50) },
  });
}
