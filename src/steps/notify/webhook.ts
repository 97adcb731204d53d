import { messageOf } from "../../core/errors.ts";
import { StepFailed } from "../../flows/errors.ts";
import { retryAfterMs } from "../../models/retry-after.ts";
import { headersIn } from "../http/answer.ts";
import { TransientFailure } from "../transient-failure.ts";

export interface Webhook {
  /** The step that posts it. */
  step: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

const attemptMs = 10_000;

/**
 * Posts to a webhook; redirects are not followed, so that nobody else gets to see what is sent.
 * @returns the status of the answer
 * @throws TransientFailure where another attempt may end otherwise, else StepFailed
 */
export async function post(fetch: typeof globalThis.fetch, webhook: Webhook): Promise<number> {
  const { step, url, headers, body, signal } = webhook;
  const host = hostOf(webhook);
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    redirect: "manual",
    signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
  }).catch((error: unknown) => {
    throw new TransientFailure(step, `${host} could not be reached: ${reasonOf(error)}`, { code: "network_error" });
  });
  // An answer that nobody reads would keep its connection.
  await response.body?.cancel();
  const { status } = response;
  if (response.ok) return status;
  const message = `${host} answered ${status}`;
  if (status === 408 || status === 429 || status >= 500) {
    const asked = retryAfterMs(headersIn(response), "", Date.now());
    const atMost = asked === undefined ? undefined : Math.min(asked, longestAskedMs);
    throw new TransientFailure(step, message, { code: "http_status", retryAfterMs: atMost });
  }
  const why = status >= 300 && status < 400 ? `${message}: redirects are not followed` : message;
  throw new StepFailed(step, why, { code: "http_status" });
}

/** Addresses of webhooks are often secret, so that errors name the host alone. @throws StepFailed */
function hostOf({ step, url }: Webhook): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
    throw new StepFailed(step, "the address of a webhook begins with https:// or http://", { code: "bad_address" });
  }
  if (parsed.username === "" && parsed.password === "") return parsed.host;
  throw new StepFailed(step, "the address of a webhook holds no name and no password", {
    code: "bad_address",
    hint: "Use a webhook whose address has a token in its path, or sign with the secret webhooks SIGNING_KEY.",
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${attemptMs / 1_000} seconds`;
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

/** The person is asked all the same, and not much later. */
const longestAskedMs = 60_000;
