import { rpcError } from "../mcp/rpc-error.ts";
import { HttpError } from "./answers.ts";
import { readJson } from "./body.ts";
import type { HttpServices } from "./services.ts";

/** MCP over Streamable HTTP. What is wrong with a message is told as JSON-RPC tells it. */
export async function answerMcp({ app, token, sessions }: HttpServices, request: Request): Promise<Response> {
  const { principal } = token;
  if (request.method !== "POST") return sessions.handle({ request, principal });
  let body: unknown;
  try {
    body = await readJson(request, app.config.http.maxBodyBytes);
  } catch (error) {
    if (error instanceof HttpError) return unreadable(error);
    throw error;
  }
  if (body === undefined) return rpcError({ status: 400, code: -32700, message: "the body is empty" });
  return sessions.handle({ request, principal, body });
}

function unreadable({ code, message, hint, status, headers }: HttpError): Response {
  const rpcCode = code === "invalid_input" ? -32700 : -32000;
  return rpcError({ status, code: rpcCode, message, data: { code, hint: hint ?? null }, headers });
}
