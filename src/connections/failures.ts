import { SseError } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { isUserError, messageOf } from "../core/errors.ts";
import { ModelError } from "../core/model-error.ts";
import { brokenOff } from "./http-link.ts";
import type { Link } from "./link.ts";
import { SessionGone } from "./session-gone.ts";

/** Why a server could not be reached, in words for whoever configured it. */
export function openingFailure(server: string, error: unknown, link: Link): Error {
  if (isUserError(error) || error instanceof ModelError) return error;
  const refused = refusal(server, error);
  if (refused !== undefined) return refused;
  if (isTimeout(error)) return unavailable(server, `did not begin to answer in time${link.lastWords()}`, error);
  if (error instanceof McpError && error.code !== ErrorCode.ConnectionClosed) {
    return unavailable(server, `refused to begin: ${wordsOf(error)}`, error);
  }
  const why = error instanceof McpError ? link.fate() : `cannot be reached: ${reasonOf(error)}`;
  return unavailable(server, why, error);
}

/** Why a call has no result. What may have happened all the same is said to be so. */
export function callFailure({ server, what }: { server: string; what: string }, error: unknown, link: Link): Error {
  if (isUserError(error) || error instanceof ModelError) return error;
  const status = statusOf(error);
  if (status === 404 || (status === 400 && /session/i.test(messageOf(error)))) {
    return new SessionGone(server, error);
  }
  const refused = refusal(server, error);
  if (refused !== undefined) return refused;
  if (isTimeout(error)) {
    const message = `the MCP server ${server} did not answer in time (${what})`;
    return new ModelError("timeout", message, { isTransient: true, cause: error });
  }
  if (error instanceof McpError && !isBreak(error)) return toolFailed(what, wordsOf(error));
  if (isMalformed(error)) {
    const message = `what the MCP server ${server} answered is no result (${what})`;
    return new ModelError("invalid_answer", message, { cause: error });
  }
  const why = error instanceof McpError ? link.fate() : `cannot be reached any more: ${reasonOf(error)}`;
  return new ModelError("connection_lost", `the MCP server ${server} ${why} (${what})`, {
    hint: "The call may have had its effect. The next one connects anew.",
    isTransient: true,
    cause: error,
  });
}

/** The tool says so itself. */
export function toolFailed(what: string, words: string): ModelError {
  return new ModelError("tool_failed", `${what} failed: ${words}`);
}

function refusal(server: string, error: unknown): ModelError | undefined {
  const status = statusOf(error);
  if (status !== 401 && status !== 403) return undefined;
  return new ModelError("unauthorized", `the MCP server ${server} refuses us (HTTP ${status})`, {
    hint: "Give its entry a credential in `headers`, filled in from a variable of the worker's environment.",
    cause: error,
  });
}

function unavailable(server: string, why: string, cause: unknown): ModelError {
  return new ModelError("server_unavailable", `the MCP server ${server} ${why}`, {
    isTransient: !isFinal(statusOf(cause)),
    cause,
  });
}

/** The code in an answer of the server may be the same as that of a connection that closed. */
function isBreak(error: McpError): boolean {
  return error.code === ErrorCode.ConnectionClosed && ["Connection closed", brokenOff].includes(wordsOf(error));
}

function isTimeout(error: unknown): boolean {
  return error instanceof McpError && error.code === ErrorCode.RequestTimeout;
}

function isMalformed(error: unknown): boolean {
  return error instanceof Error && error.constructor.name.endsWith("ZodError");
}

/** Whoever asks the same again is answered the same. */
function isFinal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof StreamableHTTPError || error instanceof SseError) return error.code;
  const told = error instanceof Error ? /\(HTTP (\d{3})\)/.exec(error.message)?.[1] : undefined;
  return told === undefined ? undefined : Number(told);
}

function wordsOf(error: McpError): string {
  return error.message.replace(/^MCP error -?\d+: /, "");
}

/** What `fetch` met stands in the causes of its error. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors.length > 0) return messageOf(cause.errors[0]);
  return messageOf(cause ?? error).slice(0, 500);
}
