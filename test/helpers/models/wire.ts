import type { Provider } from "../../../src/models/model.ts";

export interface Tokens {
  /** Of which the provider had `cached` in its cache. */
  input: number;
  /** Of which `reasoning` were spent on thinking. */
  output: number;
  cached?: number;
  reasoning?: number;
}

/** An answer that the scripted model gives, the same for every provider. */
export interface Reply {
  /** The pieces in which its text comes. */
  text?: string[];
  toolCalls?: { name: string; input: unknown }[];
  tokens?: Tokens;
  /** Why it ends; by itself it does because it is complete. */
  ends?: "cut" | "declined";
  /** What the provider says went wrong after the pieces, in the stream that had begun well. */
  fails?: { message: string; code: string };
  /** What happens after the pieces instead of an end. */
  afterwards?: "close" | "reset" | "silence";
  /** Between the pieces. */
  pauseMs?: number;
}

export interface Refusal {
  status: number;
  message: string;
  /** The provider's own word for what is wrong. */
  code?: string;
  headers?: Record<string, string>;
  /** In place of the provider's usual form. */
  body?: unknown;
}

/** `silence`: the request is taken, and nothing comes back. */
export type Step = Reply | Refusal | "silence";

/** An event of an event stream. */
export interface WireEvent {
  event?: string;
  data: unknown;
}

/** How a provider writes a reply: what comes before its pieces, the pieces, and the end. */
export interface WireReply {
  head: WireEvent[];
  pieces: WireEvent[];
  tail: WireEvent[];
}

/** What was asked, in the words of no provider. */
export interface WireRequest {
  model: unknown;
  outputCap: unknown;
  /** The JSON Schema that was sent for the answer. */
  schema: unknown;
  toolNames: unknown[];
  /** What tools answered, as text. */
  toolResults: string[];
}

export interface Wire {
  provider: Provider;
  model: string;
  /** Behind the server's own address. */
  basePath: string;
  path: string;
  keyHeader: string;
  reply(reply: Reply, body: Record<string, unknown>): WireReply;
  error(refusal: Refusal): unknown;
  /** An error in the middle of a stream. */
  failure(what: { message: string; code: string }): WireEvent;
  read(body: Record<string, unknown>, path: string): WireRequest;
}

export const usualTokens: Tokens = { input: 100, output: 20, cached: 40, reasoning: 5 };

export function recordsOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
