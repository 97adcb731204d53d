import type { Connection } from "./database.ts";

export type Settings = ReturnType<typeof settingsTable>;

/** What the project keeps about itself, such as the wrapped data key. */
export function settingsTable(connection: Connection) {
  const insert = connection.prepare("INSERT OR IGNORE INTO settings (key, value) VALUES (?, ?)");
  const set = connection.prepare(
    "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  const replace = connection.prepare("UPDATE settings SET value = ? WHERE key = ? AND value = ?");
  const find = connection.prepare<[string], { value: string }>("SELECT value FROM settings WHERE key = ?");
  const get = (key: string): string | undefined => find.get(key)?.value;
  return {
    get,
    /** Writes the value unless another process was first; answers the one that holds. */
    getOrSet(key: string, value: string): string {
      insert.run(key, value);
      return get(key) ?? value;
    },
    set: (key: string, value: string): void => void set.run(key, value),
    /** Replaces the value unless it is no longer what it was. */
    replace: (key: string, was: string, value: string): boolean => replace.run(value, key, was).changes === 1,
  };
}
