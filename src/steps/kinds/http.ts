import { messageOf } from "../../core/errors.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { checkpointContext } from "../../flows/checkpoint.ts";
import { StepFailed } from "../../flows/errors.ts";
import { now } from "../../flows/values.ts";
import { retryAfterMs } from "../../models/retry-after.ts";
import { bodyOf, headersIn } from "../http/answer.ts";
import { sendOn } from "../http/redirects.ts";
import { type OutgoingRequest, requestOf, shownAddress } from "../http/request.ts";
import type { StepAttempts, StepOutcome, StepRun } from "../step-kind.ts";
import { TransientFailure } from "../transient-failure.ts";

type HttpStep = Extract<Step, { type: "http" }>;

const mostShown = 500;

/** Makes an HTTP request. */
export async function httpStep(run: StepRun<HttpStep>): Promise<StepOutcome> {
  const { step } = run;
  const url = run.text(step.url);
  const body = step.body === undefined ? undefined : run.value(step.body);
  const headers = filledIn(step.headers, run);
  const identity = { method: step.method, url, headers, ...(body !== undefined && { body }) };
  const output = await run.checkpoint([identity], () => answerTo(run, url, body), {
    retries: onlyTransient(run.attempts.retries),
  });
  return { output };
}

/** Further attempts only where they may end otherwise: a request that was refused is refused again. */
function onlyTransient(retries: StepAttempts["retries"] = 0): NonNullable<StepAttempts["retries"]> {
  const given = typeof retries === "number" ? { max: retries } : retries;
  return { ...given, retryOn: (error) => !(error instanceof StepFailed) || error instanceof TransientFailure };
}

function filledIn(fields: Readonly<Record<string, string>>, { text }: Pick<StepRun, "text">): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, text(value)]));
}

async function answerTo(run: StepRun<HttpStep>, url: string, body: unknown) {
  const { step } = run;
  const { id, method } = step;
  const { idempotencyKey, signal } = checkpointContext();
  const headers = filledIn(step.headers, await run.withSecrets(step.headers));
  const first = requestOf({ id, method, url, headers, body, idempotencyKey });
  const isExpected = (status: number) => step.expect_status?.includes(status) ?? false;
  try {
    const send = (request: OutgoingRequest) => sendOnce(run.ports.fetch, request, signal);
    const { response, request } = await sendOn(first, send, isExpected);
    const answer = { status: response.status, headers: headersIn(response), body: await bodyOf(response, id) };
    if (step.expect_status === undefined ? response.ok : isExpected(response.status)) return answer;
    throw wrongStatus(request, answer);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof StepFailed ? error : unreached(first, error);
  }
}

function sendOnce(fetch: typeof globalThis.fetch, request: OutgoingRequest, signal: AbortSignal): Promise<Response> {
  const { method, url, contentType, body } = request;
  const headers = new Headers(request.headers);
  if (contentType !== undefined) headers.set("content-type", contentType);
  return fetch(url, { method, headers, signal, redirect: "manual", ...(body !== undefined && { body }) });
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

function wrongStatus({ id, method, url }: OutgoingRequest, { status, headers, body }: Answer): StepFailed {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const beginning = body === null ? "" : `: ${text.length > mostShown ? `${text.slice(0, mostShown)}…` : text}`;
  const message = `${method} ${shownAddress(url)} answered ${status}${beginning}`;
  const code = "http_status";
  if (status !== 408 && status !== 429 && status < 500) {
    return new StepFailed(id, message, { code, hint: `If ${status} is fine here, say so with expect_status.` });
  }
  const hint = "Where it may pass, add retry, for example retry: 3.";
  return new TransientFailure(id, message, { code, hint, retryAfterMs: retryAfterMs(headers, "", now()) });
}

/** What the connection met says more than that the request failed. */
function unreached({ id, method, url }: OutgoingRequest, error: unknown): TransientFailure {
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = reason instanceof Error && "code" in reason ? String(reason.code) : messageOf(reason);
  return new TransientFailure(id, `${method} ${shownAddress(url)} got no answer: ${code}`, { code: "network_error" });
}
