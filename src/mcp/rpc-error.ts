export interface RpcError {
  /** Of HTTP. */
  status: number;
  /** Of JSON-RPC. */
  code: number;
  message: string;
  data?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/**
 * An error of the endpoint itself, as JSON-RPC has them.
 * @param body the message that it answers, where one could be read
 */
export function rpcError({ status, code, message, data, headers = {} }: RpcError, body?: unknown): Response {
  const error = { code, message, ...(data && { data }) };
  return Response.json({ jsonrpc: "2.0", error, id: idOf(body) }, { status, headers });
}

function idOf(body: unknown): string | number | null {
  const id = typeof body === "object" && body !== null && "id" in body ? body.id : null;
  return typeof id === "string" || typeof id === "number" ? id : null;
}
