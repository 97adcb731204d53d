import { randomUUID } from "node:crypto";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestId } from "@modelcontextprotocol/sdk/types.js";
import type { AskByUrl } from "../tools/operation.ts";
import { clientName } from "./ask-by-form.ts";

/** Longer than any page lives: its end ends the request. */
const longestMs = 15 * 60_000;

/**
 * Elicitation by URL, where the client declares it.
 * @param call that asks: over HTTP, its stream carries the question
 * @param left fires when that stream is gone
 */
export function askByUrl(server: Server, call: RequestId, left?: AbortSignal): AskByUrl | undefined {
  if (server.getClientCapabilities()?.elicitation?.url === undefined) return undefined;
  return {
    client: clientName(server),
    left,
    ask({ url, message, signal }) {
      const elicitationId = randomUUID();
      const complete = server.createElicitationCompletionNotifier(elicitationId, { relatedRequestId: call });
      const options = { signal, timeout: longestMs, relatedRequestId: call };
      const asked = server.elicitInput({ mode: "url", url, elicitationId, message }, options);
      return {
        action: asked.then(({ action }) => action),
        // A client that has gone is told nothing more.
        complete: () => complete().catch(() => {}),
      };
    },
  };
}
