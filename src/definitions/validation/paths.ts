import { posix } from "node:path";

/** Whether a path written with fixed parts leads out of the folder that it counts from. */
export function outsidePath(path: string): boolean {
  const plain = path.replaceAll("\\", "/");
  if (plain.startsWith("/") || /^[A-Za-z]:/.test(plain) || plain.startsWith("~")) return true;
  // A template may stand for any number of folders, or for none.
  const [fixed = ""] = plain.split("{{", 1);
  const way = posix.normalize(fixed);
  return way === ".." || way.startsWith("../");
}
