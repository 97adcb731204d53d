/**
 * The ways in which a value must not appear anywhere: as it is, escaped in JSON, in hexadecimal, in a URL, in base64 and
 * base64url at every alignment. Written down here once more, and not taken from what is tested.
 */
export function appearances(value: string): string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const encodings = ["base64", "base64url"] as const;
  const aligned = encodings.flatMap((encoding) =>
    [0, 1, 2].map((before) => {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString(encoding)
        .replaceAll("=", "");
      // The first and the last character may hold bits of what stands beside the value.
      return text.slice(before === 0 ? 0 : before + 1, -1);
    }),
  );
  const escaped = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value);
  return [value, escaped, hex, hex.toUpperCase(), url, url.replaceAll("%20", "+"), ...aligned];
}
