import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTraceExport } from "../../src/models/exporter.ts";
import { startModelSpan } from "../../src/models/spans.ts";
import { startCollector } from "../helpers/otlp-collector.ts";

let collector: Awaited<ReturnType<typeof startCollector>>;
const problems: string[] = [];
beforeEach(async () => {
  problems.length = 0;
  collector = await startCollector();
});
afterEach(() => collector.close());

const start = {
  provider: "google",
  model: "gemini-4-argon",
  operation: "chat",
  executionId: "0199a3f2-0000-7000-8000-000000000000",
  workflow: "notes",
  checkpoint: "draft",
  maxTokens: 4_096,
  temperature: 0.2,
} as const;
const end = { finishReason: "stop", inputTokens: 120, outputTokens: 30, error: null };

const exporting = (env: NodeJS.ProcessEnv) =>
  startTraceExport({ env, version: "1.2.3", onProblem: (message) => problems.push(message) });

describe("spans of requests to models", () => {
  test("reach the collector in the conventions for generative AI", async () => {
    const traces = await exporting({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` });
    startModelSpan(start).end(end);
    startModelSpan({ ...start, provider: "openai", temperature: undefined }).end({
      finishReason: null,
      error: "rate_limited",
    });
    await traces?.shutdown();
    expect(collector.spans).toEqual([
      {
        traceId: "0199a3f2000070008000000000000000",
        name: "chat gemini-4-argon",
        kind: 3,
        status: { code: 0 },
        resource: expect.objectContaining({ "service.name": "savepoint", "service.version": "1.2.3" }),
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": "gcp.gemini",
          "gen_ai.system": "gcp.gemini",
          "gen_ai.request.model": "gemini-4-argon",
          "gen_ai.request.max_tokens": 4_096,
          "gen_ai.request.temperature": 0.2,
          "gen_ai.response.finish_reasons": ["stop"],
          "gen_ai.usage.input_tokens": 120,
          "gen_ai.usage.output_tokens": 30,
          "savepoint.execution.id": start.executionId,
          "savepoint.workflow": "notes",
          "savepoint.checkpoint": "draft",
        },
      },
      expect.objectContaining({
        traceId: "0199a3f2000070008000000000000000",
        status: { code: 2, message: "openai:gemini-4-argon failed: rate_limited" },
        attributes: expect.objectContaining({ "gen_ai.provider.name": "openai", "error.type": "rate_limited" }),
      }),
    ]);
    expect(problems).toEqual([]);
  });

  test("go to the address of traces, where there is one of its own", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    };
    const traces = await exporting(env);
    startModelSpan(start).end(end);
    await traces?.shutdown();
    expect(collector.spans).toHaveLength(1);
  });

  test("are nothing where nobody asked for them", async () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    expect(await exporting({})).toBeUndefined();
    expect(await exporting({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
    expect(await exporting({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
    startModelSpan(start).end(end);
    expect(collector.bodies).toEqual([]);
  });

  test.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: "nonsense" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://user:pass@127.0.0.1" },
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://" },
  ])("are not exported to %j, which is told and stops nothing", async (env) => {
    expect(await exporting(env)).toBeUndefined();
    expect(problems).toEqual([
      "traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) is no http address",
    ]);
  });

  test("do not hold up the end of a process whose collector is gone", async () => {
    const traces = await exporting({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
    startModelSpan(start).end(end);
    const before = performance.now();
    await traces?.shutdown();
    expect(performance.now() - before).toBeLessThan(4_000);
  });

  test("are exported once, by the first part of a process that asks for it", async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const traces = await exporting(env);
    expect(await exporting(env)).toBeUndefined();
    startModelSpan(start).end(end);
    await traces?.shutdown();
    expect(collector.spans).toHaveLength(1);
  });
});
