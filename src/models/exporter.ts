import { DiagLogLevel, diag, trace } from "@opentelemetry/api";
import { messageOf } from "../core/errors.ts";

export interface TraceExport {
  /** Sends what is left, for two seconds at most. */
  shutdown(): Promise<void>;
}

export interface TraceExportOptions {
  env: NodeJS.ProcessEnv;
  version: string;
  onProblem(message: string): void;
}

const packages = [
  "@opentelemetry/sdk-trace",
  "@opentelemetry/resources",
  "@opentelemetry/exporter-trace-otlp-http",
] as const;
/** A shutdown, and an attempt to export: attempts go on after a shutdown, and would keep a process from ending. */
const longestMs = 2_000;
const nothing = () => {};

/**
 * Sends spans to a collector, where OpenTelemetry's variables name one. Everything else is set by its own variables:
 * `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME` and so on.
 * @returns undefined where nothing is to be exported, or another part of the process sees to that already
 */
export async function startTraceExport(options: TraceExportOptions): Promise<TraceExport | undefined> {
  const url = collectorOf(options);
  if (url === undefined) return undefined;
  const sdk = await loadSdk(options.onProblem);
  if (sdk === undefined) return undefined;
  const provider = createProvider(sdk, url, options);
  if (provider === undefined) return undefined;
  if (!trace.setGlobalTracerProvider(provider)) {
    await provider.shutdown();
    return undefined;
  }
  tellFirstFailure(options.onProblem);
  return { shutdown: () => shutdown(provider, options.onProblem) };
}

/** Undefined where a variable makes no sense: that a person has mistyped one must not keep executions from running. */
function createProvider(sdk: Sdk, url: string, options: TraceExportOptions) {
  try {
    return sdk.createProvider(url, options);
  } catch (error) {
    options.onProblem(`traces are not exported: ${messageOf(error)}`);
    return undefined;
  }
}

function collectorOf({ env, onProblem }: TraceExportOptions): string | undefined {
  const url = givenCollector(env);
  if (url === undefined || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) return url;
  // It may hold credentials, so it is not repeated.
  onProblem("traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) is no http address");
  return undefined;
}

function givenCollector(env: NodeJS.ProcessEnv): string | undefined {
  if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return undefined;
  if (env["OTEL_TRACES_EXPORTER"]?.trim() === "none") return undefined;
  const whole = env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]?.trim();
  if (whole) return whole;
  const base = env["OTEL_EXPORTER_OTLP_ENDPOINT"]?.trim();
  return base ? `${base.replace(/\/+$/, "")}/v1/traces` : undefined;
}

type Sdk = NonNullable<Awaited<ReturnType<typeof loadSdk>>>;

/** Optional packages: most projects export nothing, and they are large. */
async function loadSdk(onProblem: TraceExportOptions["onProblem"]) {
  try {
    const [{ BatchSpanProcessor, TracerProvider }, resources, { OTLPTraceExporter }] = await Promise.all([
      import("@opentelemetry/sdk-trace"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/exporter-trace-otlp-http"),
    ]);
    return {
      createProvider(url: string, { env, version }: TraceExportOptions) {
        const own = resources.resourceFromAttributes({ "service.name": "savepoint", "service.version": version });
        const given = resources.detectResources({
          detectors: [resources.serviceNameEnvDetector, resources.resourceAttributesEnvDetector],
        });
        const exporter = new OTLPTraceExporter({ url, ...(isTimeoutGiven(env) ? {} : { timeoutMillis: longestMs }) });
        return new TracerProvider({
          resource: resources.defaultResource().merge(own).merge(given),
          spanProcessors: [new BatchSpanProcessor({ exporter })],
        });
      },
    };
  } catch (error) {
    onProblem(`traces are not exported (${messageOf(error)}): npm install ${packages.join(" ")}`);
    return undefined;
  }
}

function isTimeoutGiven(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] || env["OTEL_EXPORTER_OTLP_TIMEOUT"]);
}

/** A collector that cannot be reached fails at every batch. */
function tellFirstFailure(onProblem: TraceExportOptions["onProblem"]): void {
  let isTold = false;
  const error = (message: string) => {
    if (isTold) return;
    isTold = true;
    onProblem(`traces cannot be exported: ${message.slice(0, 300)}`);
  };
  const logger = { error, warn: nothing, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true });
}

async function shutdown(
  provider: { shutdown(): Promise<void> },
  onProblem: TraceExportOptions["onProblem"],
): Promise<void> {
  trace.disable();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longestMs);
  });
  const done = provider.shutdown().catch((error) => onProblem(`traces cannot be exported: ${messageOf(error)}`));
  await Promise.race([done, late]);
  clearTimeout(timer);
}
