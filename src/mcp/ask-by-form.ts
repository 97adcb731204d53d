import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  type ElicitRequestFormParams,
  ElicitResultSchema,
  EmptyResultSchema,
  type RequestId,
} from "@modelcontextprotocol/sdk/types.js";
import type { JsonSchema } from "../core/json-schema.ts";
import type { SchemaChoice } from "../core/schema-choices.ts";
import type { AskByForm } from "../tools/operation.ts";
import type { FormField, WaitForm } from "../tools/wait-form.ts";

type RequestedSchema = ElicitRequestFormParams["requestedSchema"];
type Property = RequestedSchema["properties"][string];

/** How long a person may take for one question. */
const longestMs = 10 * 60_000;
const longestPingMs = 2_000;
const longestName = 100;
/** What clients of every version of the protocol know of a field, beside its type and its choices. */
const shared = ["title", "description"];
const ofText = [...shared, "minLength", "maxLength", "default"];
const ofNumbers = [...shared, "minimum", "maximum", "default"];
const formats = ["email", "uri", "date", "date-time"];

/**
 * Elicitation by form, where the client declares it.
 * @param call that asks: over HTTP, its stream carries the question
 * @param left fires when that stream is gone
 */
export function askByForm(server: Server, call: RequestId, left?: AbortSignal): AskByForm | undefined {
  if (server.getClientCapabilities()?.elicitation?.form === undefined) return undefined;
  return {
    client: clientName(server),
    left,
    async ask({ message, form, signal }) {
      await makeWithdrawable(server, call);
      const options = { signal, timeout: longestMs, relatedRequestId: call };
      const params = { mode: "form" as const, message, requestedSchema: requestedSchema(form) };
      // What `elicitInput` checks beside, it refuses without a word to the person: the wait itself decides.
      const { action, content = {} } = await server.request(
        { method: "elicitation/create", params },
        ElicitResultSchema,
        options,
      );
      return { action, content };
    },
  };
}

/** Servers that have sent a request before. */
const begun = new WeakSet<Server>();

/** Clients of the SDK overlook that a request is withdrawn whose id is 0, which is that of the first one. */
async function makeWithdrawable(server: Server, call: RequestId): Promise<void> {
  if (begun.has(server)) return;
  begun.add(server);
  // That the client lives is seen by what it answers to the question.
  const options = { relatedRequestId: call, timeout: longestPingMs };
  await server.request({ method: "ping" }, EmptyResultSchema, options).catch(() => {});
}

/** What the client calls itself. */
export function clientName(server: Server): string {
  return server.getClientVersion()?.name.slice(0, longestName) || "an MCP client";
}

function requestedSchema(form: WaitForm): RequestedSchema {
  switch (form.kind) {
    case "options":
      return {
        type: "object",
        properties: {
          option: { type: "string", title: "Answer", ...enumOf(form.choices) },
          comment: { type: "string", title: "Comment", description: "If there is something to add" },
        },
        required: ["option"],
      };
    case "value":
      return ofFields([{ ...form.field, title: form.field.title ?? "Answer" }]);
    case "fields":
      return ofFields(form.fields);
    case "go-on":
    case "json":
      return { type: "object", properties: {} };
    default:
      return form satisfies never;
  }
}

function ofFields(fields: readonly FormField[]): RequestedSchema {
  const required = fields.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, propertyOf(field)])),
    ...(required.length > 0 && { required }),
  };
}

function propertyOf({ input, schema, title }: FormField): Property {
  const own = { ...schema, ...(title !== undefined && { title }) };
  switch (input.kind) {
    case "boolean":
      return { type: "boolean", ...picked(own, [...shared, "default"]) };
    case "text":
      return { type: "string", ...picked(own, ofText), ...formatOf(own) };
    case "number":
      return { type: schema["type"] === "integer" ? "integer" : "number", ...picked(own, ofNumbers) };
    case "choice":
      return { type: "string", ...picked(own, shared), ...enumOf(input.choices) };
    case "choices":
      return {
        type: "array",
        ...picked(own, [...shared, "minItems", "maxItems"]),
        items: { anyOf: input.choices.map(({ key, label }) => ({ const: key, title: label })) },
      };
    default:
      return input satisfies never;
  }
}

/** Names beside the values, which clients of every version of the protocol show. */
function enumOf(choices: readonly SchemaChoice[]): { enum: string[]; enumNames?: string[] } {
  const isNamed = choices.some(({ key, label }) => key !== label);
  return {
    enum: choices.map(({ key }) => key),
    ...(isNamed && { enumNames: choices.map(({ label }) => label) }),
  };
}

function formatOf({ format }: JsonSchema): { format?: "email" } {
  return typeof format === "string" && formats.includes(format) ? { format: format as "email" } : {};
}

function picked(schema: JsonSchema, keywords: readonly string[]): Record<string, never> {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => keywords.includes(key))) as Record<string, never>;
}
