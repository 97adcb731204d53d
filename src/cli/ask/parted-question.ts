/** More than this is no line that a prompt could hold. */
const longestLast = 200;

/** A question in what can be printed once, and the last line, which is enough to ask with. */
export function parted(question: string): { above: string; last: string } {
  const lines = question.trimEnd().split(/\r?\n/);
  const last = lines.at(-1)?.trim() ?? "";
  if (last.length > longestLast) return { above: lines.join("\n"), last: "Your answer?" };
  return { above: lines.slice(0, -1).join("\n").trimEnd(), last };
}
