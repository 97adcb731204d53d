import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, parse, relative, resolve } from "node:path";
import { z } from "zod";
import { parseDuration } from "./core/durations.ts";
import { messageOf, UserError } from "./core/errors.ts";

/** Where the configuration of a process comes from: flags beat the environment, which beats the file. */
export interface ConfigSource {
  project?: string | undefined;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Where the state is kept; default: `.savepoint/` of the project. */
  stateFolder?: string | undefined;
}

export interface Config {
  readonly projectRoot: string;
  /** Why the project is not the working directory, where a client started the server in a place that cannot be one. */
  readonly projectNote: string | undefined;
  readonly stateFolder: string;
  readonly versionsFolder: string;
  readonly logsFolder: string;
  /** Where definitions lie; inside the project. */
  readonly workflowsFolder: string;
  /** MCP servers by their names, as they are written; they come before those of `.mcp.json`. */
  readonly mcpServers: Readonly<Record<string, unknown>>;
  /** The user's own folder: the master key. */
  readonly userFolder: string;
  readonly env: NodeJS.ProcessEnv;
  /** The execution on whose behalf this process was started by an agent that works for it. */
  readonly parentExecutionId: string | undefined;
  /** The checkpoint of that execution in which the agent works, by its ordinal. */
  readonly parentCheckpoint: number | undefined;
  readonly worker: {
    readonly concurrency: number;
    readonly leaseMs: number;
    /** A worker stays while something becomes due within this time. */
    readonly keepAliveMs: number;
    /** How long an idle detached worker waits before it ends. */
    readonly idleMs: number;
    /** Whether each execution runs in a process of its own. */
    readonly isolate: boolean;
    /** From so many crashes in a row on an execution runs in a process of its own; 0: never for that reason. */
    readonly crashLimit: number;
  };
  readonly payloads: { readonly maxBytes: number };
  /** Groups of operations that MCP clients are offered; none: those of the default. */
  readonly mcp: { readonly groups: readonly string[] };
  /** Where a new master key is kept. */
  readonly secrets: { readonly keyStore: "file" | "keychain" };
  readonly models: {
    /** Dollars for a million tokens, by `provider:model`; beside and before the published ones. */
    readonly prices: Readonly<Record<string, { input: number; output: number; cachedInput?: number | undefined }>>;
  };
  readonly http: {
    readonly port: number;
    /** Where people reach the server, where that is not the address it listens on; without a slash at its end. */
    readonly publicUrl: string | undefined;
    /** Names by which the server may be called beside those of this machine's loopback. */
    readonly allowedHosts: readonly string[];
    /** Origins of web pages that may call the server. */
    readonly allowedOrigins: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxSessions: number;
    /** How long an MCP session without a request or an open stream is kept. */
    readonly sessionIdleMs: number;
    readonly maxStreams: number;
  };
}

const fileName = "savepoint.config.json";

const duration = (fallback: string) =>
  z
    .union([z.string(), z.number()])
    .default(fallback)
    .transform((value, context) => {
      try {
        return parseDuration(value, "s");
      } catch (error) {
        context.addIssue({ code: "custom", message: messageOf(error) });
        return z.NEVER;
      }
    });

/** In a variable the items are separated by commas. */
const listOf = (item: z.ZodType<string, string>) =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",").map((one) => one.trim()) : value),
    z.array(item).default([]),
  );

const hostName = z
  .string()
  .toLowerCase()
  .regex(/^([a-z0-9_.-]+|\[[0-9a-f:.]+\])$/, "must be the name of a host, without scheme and port");

const origin = z
  .string()
  .toLowerCase()
  .refine(isOrigin, "must be an origin such as https://example.com, without a path");

const publicUrl = z
  .string()
  .refine(isPublicUrl, "must be an address such as https://example.com/savepoint, without a query")
  .transform((text) => text.replace(/\/+$/, ""));

const dollars = z.number().min(0);

const price = z
  .strictObject({ input: dollars, output: dollars, cached_input: dollars.optional() })
  .transform(({ cached_input: cachedInput, ...rates }) => ({
    ...rates,
    ...(cachedInput !== undefined && { cachedInput }),
  }));

const configFile = z.strictObject({
  $schema: z.string().optional(),
  worker: z
    .strictObject({
      concurrency: z.coerce.number().int().min(1).max(1_000).default(10),
      lease: duration("15s"),
      keep_alive: duration("24h"),
      idle_timeout: duration("60s"),
      isolate: z.union([z.boolean(), z.stringbool()], "must be true or false").default(false),
      crash_limit: z.coerce.number().int().min(0).max(1_000).default(3),
    })
    .prefault({}),
  payloads: z
    .strictObject({
      max_bytes: z.coerce
        .number()
        .int()
        .min(1_024)
        .default(64 * 1024 * 1024),
    })
    .prefault({}),
  /** Looked at one by one, when they are used: a wrong one spoils no other. */
  mcpServers: z.record(z.string(), z.unknown()).default({}),
  workflows: z.strictObject({ folder: z.string().min(1).default("workflows") }).prefault({}),
  mcp: z.strictObject({ groups: listOf(z.string()) }).prefault({}),
  secrets: z.strictObject({ key_store: z.enum(["file", "keychain"]).default("file") }).prefault({}),
  models: z.strictObject({ prices: z.record(z.string(), price).default({}) }).prefault({}),
  http: z
    .strictObject({
      port: z.coerce.number().int().min(0).max(65_535).default(7_420),
      public_url: publicUrl.optional(),
      allowed_hosts: listOf(hostName),
      allowed_origins: listOf(origin),
      max_body_bytes: z.coerce
        .number()
        .int()
        .min(1_024)
        .default(16 * 1024 * 1024),
      max_sessions: z.coerce.number().int().min(1).max(10_000).default(100),
      session_idle: duration("30m"),
      max_streams: z.coerce.number().int().min(1).max(10_000).default(200),
    })
    .prefault({}),
});

/** Environment variables and the fields that they override. */
const variables = {
  SAVEPOINT_GROUPS: ["mcp", "groups"],
  SAVEPOINT_HTTP_ALLOWED_HOSTS: ["http", "allowed_hosts"],
  SAVEPOINT_HTTP_ALLOWED_ORIGINS: ["http", "allowed_origins"],
  SAVEPOINT_HTTP_MAX_BODY_BYTES: ["http", "max_body_bytes"],
  SAVEPOINT_HTTP_MAX_SESSIONS: ["http", "max_sessions"],
  SAVEPOINT_HTTP_MAX_STREAMS: ["http", "max_streams"],
  SAVEPOINT_HTTP_PORT: ["http", "port"],
  SAVEPOINT_HTTP_SESSION_IDLE: ["http", "session_idle"],
  SAVEPOINT_PUBLIC_URL: ["http", "public_url"],
  SAVEPOINT_SECRETS_KEY_STORE: ["secrets", "key_store"],
  SAVEPOINT_WORKER_CONCURRENCY: ["worker", "concurrency"],
  SAVEPOINT_WORKER_CRASH_LIMIT: ["worker", "crash_limit"],
  SAVEPOINT_WORKER_ISOLATE: ["worker", "isolate"],
  SAVEPOINT_WORKER_LEASE: ["worker", "lease"],
  SAVEPOINT_WORKER_KEEP_ALIVE: ["worker", "keep_alive"],
  SAVEPOINT_WORKER_IDLE_TIMEOUT: ["worker", "idle_timeout"],
  SAVEPOINT_PAYLOADS_MAX_BYTES: ["payloads", "max_bytes"],
  SAVEPOINT_WORKFLOWS: ["workflows", "folder"],
} as const;

/** @throws UserError `invalid_input` that names the field, or `not_found` for a project folder that is not there */
export function readConfig({ project, env = process.env, cwd = process.cwd(), ...given }: ConfigSource): Config {
  const { root, note } = findProject(project ?? (env["SAVEPOINT_PROJECT"] || undefined), env, cwd);
  const settings = readSettings(root, env);
  const stateFolder = given.stateFolder ?? join(root, ".savepoint");
  return {
    projectRoot: root,
    projectNote: note,
    stateFolder,
    versionsFolder: join(stateFolder, "versions"),
    logsFolder: join(stateFolder, "logs"),
    workflowsFolder: folderInside(root, settings.workflows.folder),
    mcpServers: settings.mcpServers,
    userFolder: userFolder(env),
    env,
    parentExecutionId: env["SAVEPOINT_PARENT_EXECUTION_ID"] || undefined,
    parentCheckpoint: ordinalIn(env["SAVEPOINT_PARENT_CHECKPOINT"]),
    worker: {
      concurrency: settings.worker.concurrency,
      leaseMs: settings.worker.lease,
      keepAliveMs: settings.worker.keep_alive,
      idleMs: settings.worker.idle_timeout,
      isolate: settings.worker.isolate,
      crashLimit: settings.worker.crash_limit,
    },
    payloads: { maxBytes: settings.payloads.max_bytes },
    mcp: { groups: settings.mcp.groups },
    secrets: { keyStore: settings.secrets.key_store },
    models: { prices: settings.models.prices },
    http: {
      port: settings.http.port,
      publicUrl: settings.http.public_url,
      allowedHosts: withHostOf(settings.http.public_url, settings.http.allowed_hosts),
      allowedOrigins: settings.http.allowed_origins,
      maxBodyBytes: settings.http.max_body_bytes,
      maxSessions: settings.http.max_sessions,
      sessionIdleMs: settings.http.session_idle,
      maxStreams: settings.http.max_streams,
    },
  };
}

/** Agents write definitions, so the folder of these must not lead out of the project. */
function folderInside(root: string, folder: string): string {
  const path = resolve(root, folder);
  const way = relative(realPathOf(root), realPathOf(path));
  const isOutside = [relative(root, path), way].some((one) => /^\.\.($|[\\/])/.test(one) || isAbsolute(one));
  const isOwn = /^\.savepoint($|[\\/])/.test(way);
  if (!isOutside && !isOwn) return path;
  const where = isOwn ? "lies in .savepoint, which is Savepoint's own" : "leads out of the project";
  throw new UserError("invalid_input", `workflows.folder: ${folder} ${where}`, {
    hint: `Name a folder of the project, for example workflows, in ${fileName} or in SAVEPOINT_WORKFLOWS.`,
    details: { field: "workflows.folder" },
  });
}

/** With the links in the part of it that is there resolved. */
function realPathOf(path: string): string {
  const parent = dirname(path);
  if (existsSync(path)) return realpathSync(path);
  return parent === path ? path : join(realPathOf(parent), basename(path));
}

function ordinalIn(text: string | undefined): number | undefined {
  const ordinal = Number(text);
  return text !== undefined && Number.isSafeInteger(ordinal) && ordinal > 0 ? ordinal : undefined;
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isPublicUrl(text: string): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === "");
}

/** The name by which people reach the server is one of its names. */
function withHostOf(url: string | undefined, hosts: readonly string[]): readonly string[] {
  return url === undefined ? hosts : [...hosts, new URL(url).hostname];
}

function findProject(named: string | undefined, env: NodeJS.ProcessEnv, cwd: string) {
  if (named !== undefined) {
    const root = resolve(cwd, named);
    if (existsSync(root)) return { root: realpathSync(root), note: undefined };
    throw new UserError("not_found", `the project folder ${root} does not exist`, {
      hint: "Create it, or name another with --project or SAVEPOINT_PROJECT.",
    });
  }
  const root = realpathSync(cwd);
  // A project that may not be written now is still the one that is meant: opening it says what is wrong.
  const problem = existsSync(join(root, ".savepoint")) ? undefined : unfit(root);
  if (problem === undefined) return { root, note: undefined };
  const fallback = join(dataFolder(env), "project");
  return {
    root: fallback,
    note: `Started in ${root}, which ${problem}; the project is ${fallback}. Set SAVEPOINT_PROJECT to choose another.`,
  };
}

/** Desktop clients start servers in the root of the disk or in a folder of the system. */
function unfit(folder: string): string | undefined {
  if (folder === parse(folder).root) return "is the root of the file system";
  const system = ["/usr", "/bin", "/sbin", "/etc", "/var", "/opt", "/System", "/Library", "/Applications"];
  if (process.platform !== "win32" && system.some((path) => folder === path)) return "is a folder of the system";
  if (process.platform === "win32" && folder.toLowerCase().startsWith("c:\\windows"))
    return "is a folder of the system";
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch {
    return "cannot be written";
  }
}

function readSettings(root: string, env: NodeJS.ProcessEnv) {
  const path = join(root, fileName);
  const written = existsSync(path) ? parseFile(path) : {};
  const merged = Object.entries(variables).reduce<unknown>((settings, [variable, field]) => {
    const value = env[variable];
    return value === undefined || value === "" ? settings : withField(settings, field, value);
  }, written);
  const parsed = configFile.safeParse(merged);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: where, message }) => `${where.join(".") || fileName}: ${message}`);
  throw new UserError("invalid_input", `the configuration is not valid: ${problems.join("; ")}`, {
    hint: `Mend ${fileName} in the project folder, or the SAVEPOINT_* variable that sets the field.`,
    details: { problems },
  });
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UserError("invalid_input", `${fileName} is not valid JSON: ${messageOf(error)}`, {
      hint: "Mend the file, or remove it to use the defaults.",
    });
  }
}

function withField(settings: unknown, [group, field]: readonly [string, string], value: string): unknown {
  const known = typeof settings === "object" && settings !== null ? (settings as Record<string, unknown>) : {};
  const inner = known[group];
  return { ...known, [group]: { ...(typeof inner === "object" ? inner : {}), [field]: value } };
}

function userFolder(env: NodeJS.ProcessEnv): string {
  const given = env["SAVEPOINT_CONFIG_HOME"];
  if (given !== undefined && given !== "") return given;
  if (process.platform === "win32") return join(env["APPDATA"] ?? join(homedir(), "AppData", "Roaming"), "savepoint");
  return join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config"), "savepoint");
}

function dataFolder(env: NodeJS.ProcessEnv): string {
  if (process.platform === "win32") return join(env["LOCALAPPDATA"] ?? dirname(userFolder(env)), "savepoint-data");
  if (process.platform === "darwin")
    return join(env["HOME"] || homedir(), "Library", "Application Support", "savepoint");
  return join(env["XDG_DATA_HOME"] || join(env["HOME"] || homedir(), ".local", "share"), "savepoint");
}
