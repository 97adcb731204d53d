import { type Followed, followExecution } from "../tools/following.ts";
import { HttpError } from "./answers.ts";
import { eventMessage, eventStream } from "./event-stream.ts";
import type { HttpServices } from "./services.ts";

const usualKeepAliveMs = 15_000;
const headers = { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" };

/** Answers requests for the timeline of an execution, of which a limited number is open at a time. */
export function executionStreams(services: HttpServices): (request: Request, executionId: string) => Response {
  const { app, closing, onProblem, keepAliveMs = usualKeepAliveMs } = services;
  const most = app.config.http.maxStreams;
  let open = 0;
  return (request, executionId) => {
    const afterId = afterIdOf(request);
    const { id } = app.findExecution(executionId);
    if (open >= most) throw tooMany(most);
    open += 1;
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, request.signal, closing]);
    const messages = messagesOf(followExecution({ app, signal, onProblem }, id, { afterId }));
    const onEnd = () => {
      if (left.signal.aborted) return;
      open -= 1;
      left.abort();
    };
    return new Response(eventStream(messages, { keepAliveMs, onEnd, onProblem }), { headers });
  };
}

async function* messagesOf(timeline: AsyncIterable<Followed>): AsyncGenerator<string> {
  for await (const followed of timeline) {
    if (followed.kind === "event") {
      const { event } = followed;
      yield eventMessage(event.type, event, event.event_id);
    } else {
      const { kind, ...outcome } = followed;
      yield eventMessage(kind, outcome);
    }
  }
}

/** A client that comes back sends the header by itself; the parameter is for one that starts in the middle. */
function afterIdOf(request: Request): number | undefined {
  const header = request.headers.get("last-event-id");
  const text = header ?? new URL(request.url).searchParams.get("after_id");
  if (text === null || text === "") return undefined;
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id)) return id;
  throw new HttpError("invalid_input", `${header === null ? "after_id" : "Last-Event-ID"} is no id of an event`, {
    hint: "Send the id of the last event that has arrived, a whole number, or leave it out for all events.",
  });
}

function tooMany(most: number): HttpError {
  return new HttpError("unavailable", `${most} streams are open already, the most that there may be`, {
    hint: "Close one, try again later, or raise http.max_streams in savepoint.config.json.",
    headers: { "retry-after": "10" },
  });
}
