import { isDeepStrictEqual } from "node:util";

const most = 20;
const longest = 120;

/** Where a value is not the one that was expected, place by place. */
export function differences(expected: unknown, actual: unknown, path = "$"): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  if (isRecord(expected) && isRecord(actual) && Array.isArray(expected) === Array.isArray(actual)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
    return keys
      .flatMap((key) => {
        const place = Array.isArray(expected) ? `${path}[${key}]` : `${path}.${key}`;
        return differences(expected[key], actual[key], place);
      })
      .slice(0, most);
  }
  return [`${path}: expected ${shown(expected)}, got ${shown(actual)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
