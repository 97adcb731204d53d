import type { Config } from "../config.ts";
import { createAnswerTokens } from "../secrets/answer-tokens.ts";
import type { ProjectKeys } from "../secrets/keys.ts";
import { announcedUrl, announceServer } from "../stacks/announced-server.ts";
import type { Store } from "../store/store.ts";

/** Links to pages of the HTTP server on which a person answers one wait. */
export interface AnswerLinks {
  /** @param wait its place, known before it is asked. Undefined where nobody serves the page. */
  urlOf(executionId: string, wait: string): string | undefined;
  /** Whether a token is that of the link to this wait. */
  matches(token: string, executionId: string, wait: string): boolean;
  /** Says where this process serves the pages; answers what takes that back. */
  announce(url: string): () => void;
}

export function createAnswerLinks({ http }: Config, store: Store, keys: () => ProjectKeys): AnswerLinks {
  const tokens = createAnswerTokens(keys);
  return {
    urlOf(executionId, wait) {
      const base = http.publicUrl ?? announcedUrl(store);
      if (base === undefined) return undefined;
      return `${base}/answer/${executionId}/${encodeURIComponent(wait)}?token=${tokens.tokenFor(executionId, wait)}`;
    },
    matches: tokens.matches,
    announce: (url) => announceServer(store, url),
  };
}
