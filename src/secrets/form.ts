/** The fields of a form as browsers send it; undefined where it is damaged or a name stands there twice. */
export function parseForm(body: Buffer): Map<string, string> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    const pairs = text.split("&").filter((pair) => pair !== "");
    const fields = new Map(pairs.map(pairOf));
    return fields.size === pairs.length ? fields : undefined;
  } catch (error) {
    // Bytes or escapes that are no UTF-8: a value must not be stored with marks in their place.
    if (error instanceof TypeError || error instanceof URIError) return undefined;
    throw error;
  }
}

function pairOf(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return at < 0 ? [decoded(pair), ""] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
