import { StepFailed } from "../../flows/errors.ts";
import { addressOf, type OutgoingRequest, shownAddress } from "./request.ts";

const mostRedirects = 5;
const statuses = new Set([301, 302, 303, 307, 308]);

/** Sends a request once. */
type Send = (request: OutgoingRequest) => Promise<Response>;

/**
 * Sends a request and follows where it is sent on to, unless the answer itself is what is wanted. To another origin
 * goes nothing that the step has put into headers.
 * @throws StepFailed `too_many_redirects`
 */
export async function sendOn(
  request: OutgoingRequest,
  send: Send,
  isWanted: (status: number) => boolean,
): Promise<{ response: Response; request: OutgoingRequest }> {
  let current = request;
  for (let count = 0; ; count++) {
    const response = await send(current);
    const location = response.headers.get("location");
    if (!statuses.has(response.status) || location === null || isWanted(response.status)) {
      return { response, request: current };
    }
    await response.body?.cancel();
    if (count === mostRedirects) {
      const message = `${request.method} ${shownAddress(request.url)} was sent on more than ${mostRedirects} times`;
      throw new StepFailed(request.id, message, { code: "too_many_redirects" });
    }
    current = nextRequest(current, response.status, location);
  }
}

function nextRequest(request: OutgoingRequest, status: number, location: string): OutgoingRequest {
  const url = addressOf(request.id, location, request.url);
  const isSame = url.origin === request.url.origin;
  const next = { ...request, url, headers: isSame ? new Headers(request.headers) : new Headers() };
  if (!becomesGet(request.method, status)) return next;
  for (const name of ["content-type", "content-length", "content-encoding", "content-language", "idempotency-key"]) {
    next.headers.delete(name);
  }
  return { ...next, method: "GET", body: undefined, contentType: undefined };
}

/** As browsers do it. */
function becomesGet(method: string, status: number): boolean {
  if (status === 303) return method !== "GET" && method !== "HEAD";
  return (status === 301 || status === 302) && method === "POST";
}
