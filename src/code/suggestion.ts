/** `Did you mean "a" or "b"?`, or undefined when there is nothing to suggest. */
export function suggestion(candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  return `Did you mean ${candidates.map((candidate) => JSON.stringify(candidate)).join(" or ")}?`;
}
