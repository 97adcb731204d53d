import { z } from "zod";

/** How long a provider asks to wait: its headers say so in seconds, as a date or in milliseconds, Google in the body. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, body: string, now: number): number | undefined {
  const ms = Number.parseFloat(headers["retry-after-ms"] ?? "");
  if (Number.isFinite(ms) && ms >= 0) return Math.ceil(ms);
  return fromHeader(headers["retry-after"], now) ?? fromBody(body);
}

function fromHeader(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? Math.ceil(seconds * 1_000) : undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const retryInfo = z.object({ retryDelay: z.string().regex(/^\d+(\.\d+)?s$/) });
const googleError = z.object({ error: z.object({ details: z.array(z.unknown()) }) });

function fromBody(body: string): number | undefined {
  const parsed = googleError.safeParse(parseJson(body));
  if (!parsed.success) return undefined;
  for (const detail of parsed.data.error.details) {
    const found = retryInfo.safeParse(detail);
    if (found.success) return Math.ceil(Number.parseFloat(found.data.retryDelay) * 1_000);
  }
  return undefined;
}

/** Undefined where it is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
