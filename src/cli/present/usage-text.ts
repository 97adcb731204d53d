import { counted } from "./page.ts";

/** What models and agents used, in a few words; null where they were not asked. */
export function usageText(usage: Readonly<Record<string, unknown>>): string | null {
  const { requests, input_tokens: input, output_tokens: output, tool_calls: tools, cost_usd: cost } = usage;
  const tokens = amountOf(input) + amountOf(output);
  if (amountOf(requests) === 0 && tokens === 0 && amountOf(tools) === 0) return null;
  return [
    counted(amountOf(requests), "request"),
    `${tokens.toLocaleString("en")} tokens`,
    amountOf(tools) === 0 ? "" : counted(amountOf(tools), "tool call"),
    cost === null ? "cost unknown" : dollars(amountOf(cost)),
  ]
    .filter((part) => part !== "")
    .join(", ");
}

/** Limits by their names; times are seconds. */
export function limitsText(limits: Readonly<Record<string, unknown>>): string {
  return Object.entries(limits)
    .map(
      ([name, value]) =>
        `${name} ${name === "max_time" && typeof value === "number" ? durationText(value) : String(value)}`,
    )
    .join(", ");
}

/** As a limit is written: `90s`, `30m`, `2h`. */
function durationText(seconds: number): string {
  const [unit = "s", length = 1] = units.find(([, length]) => seconds >= length && seconds % length === 0) ?? [];
  return `${seconds / length}${unit}`;
}

const units = [
  ["h", 3_600],
  ["m", 60],
] as const;

/** Cents are enough where there are any. */
export function dollars(cost: number): string {
  return `$${cost === 0 ? "0" : cost < 0.01 ? cost.toPrecision(2) : cost.toFixed(2)}`;
}

function amountOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
