/** Headers that follow from a request itself: another value of them would be dropped, or break the connection. */
const names = new Set(["host", "content-length", "transfer-encoding", "connection"]);

export function isOwnHeader(name: string): boolean {
  return names.has(name.trim().toLowerCase());
}
