import { z } from "zod";
import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import { Expansion } from "./expansion.ts";

export interface ProcessServer {
  kind: "process";
  command: string;
  args: string[];
  env: Record<string, string>;
  /** Relative to the project. */
  cwd: string | undefined;
}

interface HttpServer {
  kind: "http" | "sse";
  url: string;
  headers: Record<string, string>;
}

/** How a server is reached, with all variables filled in. */
export type ServerEntry = (ProcessServer | HttpServer) & {
  /** Limit of a call, where the entry has one. */
  timeoutMs: number | undefined;
};

export interface ReadEntry {
  entry: ServerEntry;
  /** As it stands in the file. */
  written: Record<string, unknown>;
  /** The same with its variables filled in. */
  filledIn: Record<string, unknown>;
  /** Names of the variables of the environment in it. */
  variables: string[];
}

const texts = z.record(z.string(), z.string("must be a text"));
// The file is that of another program, which may know more fields than we do.
const shared = { timeout: z.number().positive("must be a number of milliseconds").optional() };

const processShape = z.looseObject({
  ...shared,
  type: z.literal("stdio").optional(),
  command: z.string("must be the program to start").min(1, "must be the program to start"),
  args: z.array(z.string("must be a text"), "must be a list of texts").default([]),
  env: texts.default({}),
  cwd: z.string().optional(),
});

const addressTypes = ["http", "sse", "streamable-http"] as const;
const addressShape = z.looseObject({
  ...shared,
  type: z.enum(addressTypes).default("http"),
  url: z.string("must be an address").min(1, "must be an address"),
  headers: texts.default({}),
});

/** @throws UserError `invalid_input` that names the field */
export function readEntry(written: unknown, place: string, env: NodeJS.ProcessEnv): ReadEntry {
  const given = parsed(z.looseObject({}), written, place);
  const expansion = new Expansion(env);
  const { entry, fields } = isAddress(given, place)
    ? addressEntry(parsed(addressShape, given, place), place, expansion)
    : processEntry(parsed(processShape, given, place), place, expansion);
  return { entry, written: given, filledIn: { ...given, ...fields }, variables: [...expansion.variables] };
}

function isAddress(given: Record<string, unknown>, place: string): boolean {
  const { type, command, url } = given;
  if (type === undefined || type === "stdio") return type === undefined && command === undefined && url !== undefined;
  if (addressTypes.some((one) => one === type)) return true;
  const known = ["stdio", ...addressTypes];
  throw new UserError("invalid_input", `${place}.type: must be one of ${known.join(", ")}`, {
    hint: typeof type === "string" ? didYouMean(type, known) : undefined,
    details: { field: `${place}.type` },
  });
}

function processEntry(given: z.infer<typeof processShape>, place: string, expansion: Expansion) {
  const fields = {
    command: expansion.text(given.command, `${place}.command`),
    args: expansion.list(given.args, `${place}.args`),
    env: expansion.record(given.env, `${place}.env`),
    ...(given.cwd !== undefined && { cwd: expansion.text(given.cwd, `${place}.cwd`) }),
  };
  const entry: ServerEntry = { kind: "process", ...fields, cwd: fields.cwd, timeoutMs: given.timeout };
  return { entry, fields };
}

function addressEntry(given: z.infer<typeof addressShape>, place: string, expansion: Expansion) {
  const fields = {
    url: expansion.text(given.url, `${place}.url`),
    headers: expansion.record(given.headers, `${place}.headers`),
  };
  if (!URL.canParse(fields.url) || !/^https?:$/.test(new URL(fields.url).protocol)) {
    throw new UserError("invalid_input", `${place}.url: must be an address that begins with http:// or https://`, {
      details: { field: `${place}.url` },
    });
  }
  checkNoPassword(fields.url, place);
  checkHeaders(fields.headers, place);
  const kind = given.type === "sse" ? "sse" : "http";
  const entry: ServerEntry = { kind, ...fields, timeoutMs: given.timeout };
  return { entry, fields };
}

/** It could not be sent, and would stand in the message that says so. */
function checkNoPassword(url: string, place: string): void {
  const { username, password } = new URL(url);
  if (username === "" && password === "") return;
  throw new UserError("invalid_input", `${place}.url: must not hold a name or password`, {
    hint: "Put them into `headers`, for example as Authorization.",
    details: { field: `${place}.url` },
  });
}

/** What is wrong with a header is told without its value. */
function checkHeaders(headers: Record<string, string>, place: string): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers([[name, value]]);
    } catch {
      const field = `${place}.headers.${name}`;
      throw new UserError("invalid_input", `${field}: cannot be sent as a header`, {
        hint: "Look for line breaks and characters beyond Latin-1 in its name and value.",
        details: { field },
      });
    }
  }
}

function parsed<Shape extends z.ZodType>(shape: Shape, value: unknown, place: string): z.output<Shape> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${[place, ...path.map(String)].join(".")}: ${message}`,
  );
  throw new UserError("invalid_input", `the MCP configuration is not valid: ${problems.join("; ")}`, {
    hint: "Give a server { command, args, env, cwd }, or { type, url, headers } with the type http or sse.",
    details: { problems },
  });
}
