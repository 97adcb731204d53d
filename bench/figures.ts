export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least `percent` of them do not exceed; the mean of two for a median between them. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (percent / 100) * sorted.length;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  if (percent === 50 && Number.isInteger(rank)) return (at(rank - 1) + at(rank)) / 2;
  return at(Math.ceil(rank) - 1);
}

export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
