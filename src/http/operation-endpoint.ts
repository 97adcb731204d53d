import { callOperation } from "../tools/call.ts";
import type { Operation } from "../tools/operation.ts";
import { errorResponse } from "./answers.ts";
import { readJson } from "./body.ts";
import { argumentsOf } from "./query.ts";
import type { HttpServices } from "./services.ts";

/**
 * Calls an operation with the arguments of a request. A client that leaves ends the waiting, never the execution.
 * @throws HttpError when the arguments cannot be read
 */
export async function answerOperation(
  { app, closing, onProblem }: HttpServices,
  operation: Operation,
  request: Request,
): Promise<Response> {
  const args =
    request.method === "GET"
      ? argumentsOf(operation, new URL(request.url).searchParams)
      : await readJson(request, app.config.http.maxBodyBytes);
  const signal = AbortSignal.any([request.signal, closing]);
  const outcome = await callOperation({ app, signal, onProblem }, operation.name, args);
  return outcome.ok ? Response.json(outcome.value) : errorResponse(outcome.error);
}
