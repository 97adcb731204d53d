const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `3m ago`, `in 2h`; empty where there is no time. */
export function relativeTime(at: string | null | undefined, now: number): string {
  if (at == null) return "";
  const ms = now - Date.parse(at);
  if (Math.abs(ms) < second) return "now";
  return ms >= 0 ? `${roughly(ms, Math.floor)} ago` : `in ${roughly(-ms, Math.round)}`;
}

/** `14ms`, `2.3s`, `1m 04s`, `3h 20m`. */
export function elapsedText(ms: number): string {
  if (ms < second) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < minute) return `${(Math.floor(ms / 100) / 10).toFixed(1)}s`;
  if (ms < hour) return `${Math.floor(ms / minute)}m ${twoDigits(Math.floor((ms % minute) / second))}s`;
  return `${Math.floor(ms / hour)}h ${twoDigits(Math.floor((ms % hour) / minute))}m`;
}

/** The time of day on this machine. */
export function clockTime(at: string): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(":");
}

/** What is over counts in full units; what is to come is told by the nearest, or three days would at once be two. */
function roughly(ms: number, whole: (value: number) => number): string {
  if (whole(ms / second) < 60) return `${whole(ms / second)}s`;
  if (whole(ms / minute) < 60) return `${whole(ms / minute)}m`;
  if (whole(ms / hour) < 48) return `${whole(ms / hour)}h`;
  return `${whole(ms / day)}d`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
