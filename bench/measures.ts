/** What a run of the benchmark found out; rates are checkpoints per second. */
export interface Measures {
  sequential: number;
  grouped: number;
  prototype_sequential: number;
  prototype_grouped: number;
  ratio_sequential: number;
  ratio_grouped: number;
  latency_p50_ms: number;
  latency_p99_ms: number;
  prototype_latency_p50_ms: number;
  prototype_latency_p99_ms: number;
}

/** What one subject did, round by round. */
export interface Rounds {
  sequential: number[];
  grouped: number[];
  latencies: number[][];
}

export function measuresOf(engine: Rounds, prototype: Rounds): Measures {
  const rates = {
    sequential: Math.round(median(engine.sequential)),
    grouped: Math.round(median(engine.grouped)),
    prototype_sequential: Math.round(median(prototype.sequential)),
    prototype_grouped: Math.round(median(prototype.grouped)),
  };
  return {
    ...rates,
    ratio_sequential: rounded(rates.sequential / rates.prototype_sequential),
    ratio_grouped: rounded(rates.grouped / rates.prototype_grouped),
    latency_p50_ms: latency(engine, 50),
    latency_p99_ms: latency(engine, 99),
    prototype_latency_p50_ms: latency(prototype, 50),
    prototype_latency_p99_ms: latency(prototype, 99),
  };
}

/** @throws Error naming each measure that is missing */
export function requireMeasures(measures: Measures): void {
  const missing = Object.entries(measures).filter(([, value]) => !(Number.isFinite(value) && value > 0));
  if (missing.length > 0)
    throw new Error(`missing: ${missing.map(([name, value]) => `${name} (${value})`).join(", ")}`);
}

/** The percentile of each round, and of these the median: a stall of the disk in one round is not the engine's. */
function latency({ latencies }: Rounds, percent: number): number {
  return rounded(median(latencies.map((taken) => percentile(taken, percent))));
}

function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least `percent` of them do not exceed; the mean of two for a median between them. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent / 100) * sorted.length;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  if (percent === 50 && Number.isInteger(rank)) return (at(rank - 1) + at(rank)) / 2;
  return at(Math.ceil(rank) - 1);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
