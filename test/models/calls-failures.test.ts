import { expect, test } from "vitest";
import { anthropicWire } from "../helpers/models/anthropic-wire.ts";
import { compatibleWire } from "../helpers/models/chat-wire.ts";
import { googleWire } from "../helpers/models/google-wire.ts";
import { modelScene } from "../helpers/models/model-scene.ts";
import { openaiWire } from "../helpers/models/openai-wire.ts";
import type { Refusal, Wire } from "../helpers/models/wire.ts";

async function failureOf(wire: Wire, refusal: Refusal): Promise<unknown> {
  const scene = await modelScene(wire, [refusal]);
  return scene.ask().then(
    () => undefined,
    (error) => error,
  );
}

const limited = { status: 429, message: "slow down" };

test.each([
  [{ "retry-after": "2.5" }, 2_500],
  [{ "retry-after-ms": "1200", "retry-after": "9" }, 1_200],
  [{ "retry-after": "soon" }, undefined],
  [{}, undefined],
])("the headers %j ask for a delay of %s ms", async (headers: Record<string, string>, retryAfterMs) => {
  expect(await failureOf(anthropicWire, { ...limited, headers })).toMatchObject({ code: "rate_limited", retryAfterMs });
});

test("a delay may be given as a date", async () => {
  const headers = { "retry-after": new Date(Date.now() + 20_000).toUTCString() };
  const failure = await failureOf(openaiWire, { ...limited, headers });
  expect(failure).toMatchObject({ code: "rate_limited", retryAfterMs: expect.any(Number) });
  const { retryAfterMs } = failure as { retryAfterMs: number };
  expect(retryAfterMs).toBeGreaterThan(15_000);
  expect(retryAfterMs).toBeLessThanOrEqual(20_000);
});

test("Google says in the body how long to wait, and its quota of a minute is no account without money", async () => {
  const message = "You exceeded your current quota, please check your plan and billing details.";
  const details = [
    { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [] },
    { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.5s" },
  ];
  const body = { error: { code: 429, message, status: "RESOURCE_EXHAUSTED", details } };
  expect(await failureOf(googleWire, { status: 429, message, body })).toMatchObject({
    code: "rate_limited",
    retryAfterMs: 34_500,
  });
});

test.each<{ wire: Wire; refusal: Refusal; code: string }>([
  {
    wire: openaiWire,
    refusal: { status: 429, message: "You exceeded your quota", code: "insufficient_quota" },
    code: "quota_exhausted",
  },
  {
    wire: anthropicWire,
    refusal: { status: 400, message: "Your credit balance is too low to access the API" },
    code: "quota_exhausted",
  },
  { wire: compatibleWire, refusal: { status: 402, message: "Insufficient Balance" }, code: "quota_exhausted" },
  {
    wire: anthropicWire,
    refusal: { status: 529, message: "Overloaded", code: "overloaded_error" },
    code: "overloaded",
  },
  {
    wire: anthropicWire,
    refusal: { status: 400, message: "prompt is too long: 210000 tokens > 200000 maximum" },
    code: "context_too_long",
  },
  {
    wire: openaiWire,
    refusal: { status: 400, message: "Too long", code: "context_length_exceeded" },
    code: "context_too_long",
  },
  { wire: compatibleWire, refusal: { status: 413, message: "Payload Too Large" }, code: "context_too_long" },
  {
    wire: openaiWire,
    refusal: { status: 400, message: "Not allowed", code: "content_policy_violation" },
    code: "refused",
  },
  {
    wire: googleWire,
    refusal: { status: 400, message: "API key not valid. Please pass a valid API key." },
    code: "unauthorized",
  },
  { wire: compatibleWire, refusal: { status: 422, message: "temperature must be at most 2" }, code: "bad_request" },
  { wire: compatibleWire, refusal: { status: 502, message: "", body: "<html>Bad Gateway</html>" }, code: "overloaded" },
])("$wire.provider: $refusal.status with $refusal.message is told as $code", async ({ wire, refusal, code }) => {
  expect(await failureOf(wire, refusal)).toMatchObject({ name: "ModelError", code });
});

test("a key that was not accepted is told with the provider's words and the place that it comes from", async () => {
  expect(await failureOf(googleWire, { status: 401, message: "the project is disabled" })).toMatchObject({
    message: expect.stringContaining("did not accept the key (status 401): the project is disabled"),
    hint: "The key comes from the secret models.KEY.",
  });
});
