import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ListToolsResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { isUserError, UserError } from "../core/errors.ts";
import { compileJsonSchema, type JsonSchema } from "../core/json-schema.ts";
import { didYouMean } from "../core/suggest.ts";

export interface ServerTool {
  name: string;
  description: string | undefined;
  inputSchema: JsonSchema;
}

const mostPages = 100;
const mostNamed = 30;

/** All tools of a server, page by page. */
export async function readTools(client: Client, timeout: number): Promise<Map<string, ServerTool>> {
  const tools = new Map<string, ServerTool>();
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await client.request({ method: "tools/list", params }, ListToolsResultSchema, { timeout });
    for (const { name, description, inputSchema } of result.tools) {
      tools.set(name, { name, description, inputSchema: withoutDialect(inputSchema) });
    }
    if (result.nextCursor === undefined || result.nextCursor === cursor) break;
    cursor = result.nextCursor;
  }
  return tools;
}

/** @throws UserError `invalid_input` that names the field */
export function checkArguments(server: string, { name, inputSchema }: ServerTool, args: Record<string, unknown>): void {
  const problems = checkerOf(inputSchema)(args);
  if (problems.length === 0) return;
  const known = Object.keys(propertiesOf(inputSchema));
  const hints = Object.keys(args).flatMap((arg) => (known.includes(arg) ? [] : (didYouMean(arg, known) ?? [])));
  throw new UserError("invalid_input", `the arguments of ${name} do not fit: ${problems.join("; ")}`, {
    hint: hints[0] ?? (known.length === 0 ? "It takes no arguments." : `It takes ${known.join(", ")}.`),
    details: { server, tool: name, problems },
  });
}

export function unknownTool(server: string, tool: string, names: readonly string[]): UserError {
  const shown = names.slice(0, mostNamed).join(", ");
  const all = names.length === 0 ? "It has none." : `It has ${shown}${names.length > mostNamed ? " and others" : ""}.`;
  return new UserError("not_found", `the MCP server ${server} has no tool ${JSON.stringify(tool)}`, {
    hint: [didYouMean(tool, names), all].filter((part) => part !== undefined).join(" "),
    details: { server, tool, known: names.slice(0, 200) },
  });
}

/** Most servers write an older draft's name over what is the same in all of them. */
function withoutDialect({ $schema: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/** A schema that cannot be read here is the server's own to check. */
function checkerOf(schema: JsonSchema): (value: unknown) => string[] {
  try {
    return compileJsonSchema(schema);
  } catch (error) {
    if (!isUserError(error)) throw error;
    return () => [];
  }
}

function propertiesOf({ properties }: JsonSchema): object {
  return typeof properties === "object" && properties !== null ? properties : {};
}
