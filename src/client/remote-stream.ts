import { EventSourceParserStream } from "eventsource-parser/stream";
import { UserError } from "../core/errors.ts";
import type { EventView } from "../tools/event-view.ts";
import type { Followed } from "../tools/following.ts";
import type { FollowOptions } from "./savepoint-client.ts";

const firstPauseMs = 250;
const longestPauseMs = 10_000;
const mostTries = 6;

/** One request to the server, with the token in its header. @throws UserError of the server, or `unavailable` */
export type Request = (path: string, init?: RequestInit) => Promise<Response>;

type Done = Extract<Followed, { kind: "done" }>;

/** Follows over server-sent events; where the connection breaks, it goes on behind the last event that arrived. */
export async function* followRemote(
  request: Request,
  executionId: string,
  { afterId, signal }: FollowOptions,
): AsyncGenerator<Followed> {
  let last = afterId;
  for (let tries = 0; tries < mostTries; tries++) {
    if (tries > 0) await pause(Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs), signal);
    if (isAborted(signal)) return;
    try {
      for await (const followed of openStream(request, executionId, last, signal)) {
        tries = 0;
        if (followed.kind === "event") last = followed.event.event_id;
        yield followed;
        if (followed.kind === "done") return;
      }
    } catch (error) {
      if (isAborted(signal)) return;
      // The first answer tells a mistake; later ones only tell that the server is away for a moment.
      if (last === afterId && tries === 0) throw error;
      if (error instanceof UserError && error.code !== "unavailable") throw error;
    }
  }
  throw new UserError("unavailable", "the server ended the stream and could not be reached again", {
    hint: `The execution goes on without it. Follow it again from event ${last ?? 0}.`,
  });
}

async function* openStream(
  request: Request,
  executionId: string,
  afterId: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Followed> {
  const response = await request(`api/executions/${encodeURIComponent(executionId)}/stream`, {
    headers: { accept: "text/event-stream", ...(afterId !== undefined && { "last-event-id": String(afterId) }) },
    signal: signal ?? null,
  });
  if (response.body === null) return;
  const messages = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of messages) {
    const content: unknown = JSON.parse(data);
    if (event === "done") yield { ...(content as Omit<Done, "kind">), kind: "done" };
    else yield { kind: "event", event: content as EventView };
  }
}

/** A function, since the signal fires where the compiler does not see it. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
