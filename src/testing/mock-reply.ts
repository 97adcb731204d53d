import { type Duration, parseDuration } from "../core/durations.ts";
import { UserError } from "../core/errors.ts";
import { compileJsonSchema, type JsonSchema } from "../core/json-schema.ts";
import { shown } from "../core/shown.ts";
import { schemaValue } from "./schema-value.ts";

/** What a mocked model was asked. */
export interface MockRequest {
  /** Name of the checkpoint that asks. */
  step: string;
  executionId: string;
  /** "provider:model" */
  model: string;
  /** The name by which the model was asked for, where it was an alias. */
  alias: string | null;
  system: string | undefined;
  /** The conversation as it was sent, answers of tools included. */
  messages: { role: "user" | "assistant" | "tool"; content: string }[];
  /** What the last message says. */
  prompt: string;
  /** What the answer must fit; undefined: it is text. */
  schema: JsonSchema | undefined;
  tools: { name: string; description: string | undefined; inputSchema: JsonSchema }[];
  temperature: number | undefined;
  /** Counts the requests of this mocked model from 1. */
  call: number;
}

export type MockFunction = (request: MockRequest) => MockReply | Promise<MockReply>;

/** What a mocked model answers: a text, a value that becomes JSON, a function of the request, or a `MockResponse`. */
export type MockReply = string | number | boolean | null | object | MockFunction | MockResponse;

const brand = Symbol("savepoint.mockResponse");

/** A reply with more to it than its text; the functions below make them. */
export interface MockResponse {
  readonly [brand]: true;
  readonly reply?: MockReply;
  readonly toolCalls?: readonly { name: string; input: unknown }[];
  readonly usage?: MockUsage;
  readonly delayMs?: number;
  readonly failure?: MockFailure;
}

export interface MockUsage {
  inputTokens?: number;
  outputTokens?: number;
  /** Dollars for this one request. */
  costUsd?: number;
}

export interface MockFailure {
  /** Of HTTP: 429 for a rate limit, 529 or 503 for an overload, 401 for a wrong key. */
  status: number;
  message?: string;
  /** Seconds that the provider asks to wait. */
  retryAfter?: number;
}

/** A value generated from the request's JSON Schema, with these fields in place of generated ones. */
export function fromSchema(fields: Record<string, unknown> = {}): MockFunction {
  return ({ schema, step }) => {
    if (schema === undefined) return `mock_${step}`;
    const value = schemaValue(withFields(schema, fields));
    return value as MockReply;
  };
}

/** The reply of the first keyword that occurs in what was asked, in capitals or not. */
export function byContent(replies: Readonly<Record<string, MockReply>>, otherwise?: MockReply): MockFunction {
  return ({ system = "", messages, step }) => {
    const asked = [system, ...messages.map(({ content }) => content)].join("\n").toLowerCase();
    const found = Object.entries(replies).find(([keyword]) => asked.includes(keyword.toLowerCase()));
    const reply = found === undefined ? otherwise : found[1];
    if (reply !== undefined) return reply;
    throw new UserError("not_found", `byContent(): no keyword occurs in what ${JSON.stringify(step)} asked`, {
      hint: `The keywords are ${Object.keys(replies).join(", ")}; a second argument answers all else. It asked: ${asked.slice(0, 200)}`,
    });
  };
}

/** The same reply, with the tokens that the provider counts. */
export function withUsage(reply: MockReply, usage: MockUsage): MockResponse {
  return { [brand]: true, reply, usage };
}

/** The same reply, after a time on the test engine's clock. */
export function delayed(duration: Duration, reply: MockReply): MockResponse {
  return { [brand]: true, reply, delayMs: parseDuration(duration, "ms", "delayed") };
}

/** The model calls a tool; what the tool answers is in the next request. */
export function toolCall(name: string, input: unknown = {}): MockResponse {
  return { [brand]: true, reply: "", toolCalls: [{ name, input }] };
}

/** The provider refuses the request, or fails. */
export function failing(failure: MockFailure): MockResponse {
  return { [brand]: true, failure };
}

/** A reply, with all that was wrapped around it. */
export interface Resolved {
  text: string;
  toolCalls: readonly { name: string; input: unknown }[];
  usage: MockUsage;
  delayMs: number;
  failure: MockFailure | undefined;
}

/** What a reply comes down to for one request. @throws what a function of the test throws */
export async function resolveReply(reply: MockReply | undefined, request: MockRequest): Promise<Resolved> {
  if (typeof reply === "function") return resolveReply(await (reply as MockFunction)(request), request);
  if (!isResponse(reply))
    return { text: textOf(reply, request), toolCalls: [], usage: {}, delayMs: 0, failure: undefined };
  const { toolCalls, usage, delayMs = 0, failure } = reply;
  const inner = failure === undefined ? await resolveReply(reply.reply, request) : nothing;
  return {
    text: inner.text,
    toolCalls: toolCalls ?? inner.toolCalls,
    usage: { ...inner.usage, ...usage },
    delayMs: delayMs + inner.delayMs,
    failure: failure ?? inner.failure,
  };
}

const nothing: Resolved = { text: "", toolCalls: [], usage: {}, delayMs: 0, failure: undefined };

function isResponse(reply: unknown): reply is MockResponse {
  return typeof reply === "object" && reply !== null && brand in reply;
}

/** A text is sent as it is, so that a model can answer nonsense, unless it is itself the value that is asked for. */
function textOf(value: unknown, { schema, step }: MockRequest): string {
  if (value === undefined) {
    throw new UserError("invalid_input", `the mocked model has no answer for ${JSON.stringify(step)}`, {
      hint: "Its function answered undefined: return a text, a value, or failing({ status: 500 }).",
    });
  }
  if (typeof value === "string" && !fits(value, schema)) return value;
  const text = JSON.stringify(schema === undefined || schema["type"] === "object" ? value : { value });
  if (text !== undefined) return text;
  throw new UserError("invalid_input", `the mocked model cannot answer ${shown(value)}: it has no form in JSON`);
}

function fits(value: string, schema: JsonSchema | undefined): boolean {
  return schema !== undefined && compileJsonSchema(schema)(value).length === 0;
}

function withFields(schema: JsonSchema, fields: Record<string, unknown>): JsonSchema {
  const known = schema["properties"];
  if (Object.keys(fields).length === 0) return schema;
  const given = Object.entries(fields).map(([name, value]) => {
    const field = typeof known === "object" && known !== null ? Reflect.get(known, name) : undefined;
    // Beside the field's own rules, so that a value which does not fit is told.
    return [name, { allOf: [field ?? {}], default: value }];
  });
  return { ...schema, properties: { ...(known as object | undefined), ...Object.fromEntries(given) } };
}
