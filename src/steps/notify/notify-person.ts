import { isUserError, messageOf } from "../../core/errors.ts";
import { waitPlace } from "../../core/wait-place.ts";
import type { Step } from "../../definitions/model/steps.ts";
import { checkpointContext } from "../../flows/checkpoint.ts";
import { CheckpointFailed } from "../../flows/errors.ts";
import { log } from "../../flows/log.ts";
import { requireScope } from "../../flows/scope.ts";
import { secret } from "../../flows/secret.ts";
import { executionId, now } from "../../flows/values.ts";
import type { StepRun } from "../step-kind.ts";
import { TransientFailure } from "../transient-failure.ts";
import { type AskedPerson, openedMessage } from "./opened-message.ts";
import { signatureOf } from "./signature.ts";
import { post } from "./webhook.ts";

const signingKey = { name: "webhooks", key: "SIGNING_KEY" };
const retries = { max: 5, backoff: 500, retryOn: (error: unknown) => error instanceof TransientFailure };

/**
 * Tells a webhook that a person is about to be asked, once for each wait. Where nobody could be told, the person is
 * asked all the same, and the log says so.
 */
export async function notifyPerson(run: StepRun<Step>, asked: AskedPerson, url: string): Promise<void> {
  const { step } = run;
  const { path } = requireScope("a human step");
  const options = { name: `${step.id}.notify`, type: "notification", retries };
  try {
    await run.checkpoint([url, asked.question], () => send(run, asked, { url, path }), options);
  } catch (error) {
    if (!(error instanceof CheckpointFailed)) throw error;
    const why = messageOf(error.cause ?? error).replace(`step ${step.id}: `, "");
    log({ [options.name]: `nobody was told of the question: ${why}` });
  }
}

async function send(
  { step, settings, ports }: StepRun<Step>,
  asked: AskedPerson,
  { url, path }: { url: string; path: string },
): Promise<{ status: number }> {
  const { runtime } = requireScope("a notification");
  const running = checkpointContext();
  const { idempotencyKey, selector, signal } = running;
  const sentAt = now();
  const wait = waitPlace({ scope: path, name: step.id, occurrence: occurrenceIn(selector) });
  const id = executionId();
  const message = openedMessage({
    executionId: id,
    workflow: settings.workflow,
    step: step.id,
    wait,
    asked,
    link: ports.answerLink(id, wait),
    now: sentAt,
  });
  // What a question has of an output may be a secret's value, and goes to others.
  const body = ports.redact(JSON.stringify(message));
  const headers = await signedHeaders({ id: idempotencyKey, timestamp: Math.floor(sentAt / 1_000), body });
  try {
    return { status: await post(ports.fetch, { step: step.id, url, headers, body, signal }) };
  } catch (error) {
    const why = messageOf(error).replace(`step ${step.id}: `, "");
    runtime.print("warn", `the question of ${wait} was not sent: ${why}`, running);
    throw error;
  }
}

/** The wait that follows is the same call of its name as this notification is of its own. */
function occurrenceIn(selector: string): number {
  return Number(/#(\d+)$/.exec(selector)?.[1] ?? 1);
}

async function signedHeaders(parts: Parameters<typeof signatureOf>[1]): Promise<Record<string, string>> {
  const headers = { "webhook-id": parts.id, "webhook-timestamp": String(parts.timestamp) };
  const key = await readKey();
  log({ signed: key !== undefined });
  return key === undefined ? headers : { ...headers, "webhook-signature": signatureOf(key, parts) };
}

/** Undefined where the project has none. */
async function readKey(): Promise<string | undefined> {
  try {
    return await secret(signingKey.name, signingKey.key);
  } catch (error) {
    if (isUserError(error) && error.code === "not_found") return undefined;
    throw error;
  }
}
