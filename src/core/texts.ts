/** A copy of a JSON value with every text in it changed: keys too, and numbers whose text changes. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  switch (typeof value) {
    case "string":
      return change(value);
    case "number":
    case "bigint": {
      const text = String(value);
      const changed = change(text);
      return changed === text ? value : changed;
    }
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return mapArray(value, change);
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), mapTexts(item, change)]));
    default:
      return value;
  }
}

/** A list of bytes is a text in another form. */
function mapArray(value: unknown[], change: (text: string) => string): unknown {
  if (value.length > 0 && value.every((item) => Number.isInteger(item))) {
    const text = value.join(",");
    const changed = change(text);
    if (changed !== text) return changed;
  }
  return value.map((item) => mapTexts(item, change));
}
