import type { Connection } from "./database.ts";

export type Visibility = "private" | "shared";

export interface SecretRow {
  name: string;
  /** Sorted. */
  keys: string[];
  /** The values, sealed as one. */
  sealed: string;
  visibility: Visibility;
  createdAt: number;
}

interface Row {
  name: string;
  keys: string;
  sealed: string;
  visibility: Visibility;
  created_at: number;
}

export type SecretsTable = ReturnType<typeof secretsTable>;

/**
 * Statements on secrets. A secret that was deleted or replaced is retired, not erased: what was recorded while it was
 * known must stay hidden.
 */
export function secretsTable(connection: Connection) {
  const insert = connection.prepare(
    "INSERT INTO secrets (name, keys, sealed, visibility, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  const retire = connection.prepare("UPDATE secrets SET retired_at = ? WHERE name = ? AND retired_at IS NULL");
  const columns = "name, keys, sealed, visibility, created_at";
  const one = connection.prepare<[string], Row>(`SELECT ${columns} FROM secrets WHERE name = ? AND retired_at IS NULL`);
  const living = connection.prepare<[], Row>(`SELECT ${columns} FROM secrets WHERE retired_at IS NULL ORDER BY name`);
  const all = connection.prepare<[], Row>(`SELECT ${columns} FROM secrets ORDER BY seq`);
  const revision = connection.prepare<[], number | null>("SELECT max(seq) FROM secrets").pluck();
  return {
    insert({ name, keys, sealed, visibility, createdAt }: SecretRow): void {
      insert.run(name, JSON.stringify(keys), sealed, visibility, createdAt);
    },

    /** @returns whether there was one */
    retire: (name: string, at: number): boolean => retire.run(at, name).changes === 1,

    find(name: string): SecretRow | undefined {
      const row = one.get(name);
      return row && toSecret(row);
    },

    list: (): SecretRow[] => living.all().map(toSecret),
    /** Retired ones included, oldest first. */
    everKnown: (): SecretRow[] => all.all().map(toSecret),
    /** Rises with every value that becomes known. */
    revision: (): number => revision.get() ?? 0,
  };
}

function toSecret({ name, keys, sealed, visibility, created_at: createdAt }: Row): SecretRow {
  return { name, keys: JSON.parse(keys) as string[], sealed, visibility, createdAt };
}
