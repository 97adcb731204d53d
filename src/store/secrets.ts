import type { Connection } from "./database.ts";

export type Visibility = "private" | "shared";

export interface SecretRow {
  name: string;
  /** Sorted. */
  keys: string[];
  /** The values, sealed as one. */
  sealed: string;
  visibility: Visibility;
  /** The workflows whose executions may read it; null: all. */
  workflows: string[] | null;
  createdAt: number;
}

interface Row {
  seq: number;
  name: string;
  keys: string;
  sealed: string;
  visibility: Visibility;
  workflows: string | null;
  created_at: number;
}

export type SecretsTable = ReturnType<typeof secretsTable>;

/**
 * Statements on secrets. A secret that was deleted or replaced is retired, not erased: what was recorded while it was
 * known must stay hidden.
 */
export function secretsTable(connection: Connection) {
  const insert = connection.prepare(
    "INSERT INTO secrets (name, keys, sealed, visibility, workflows, created_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const retire = connection.prepare("UPDATE secrets SET retired_at = ? WHERE name = ? AND retired_at IS NULL");
  const restrict = connection.prepare("UPDATE secrets SET workflows = ? WHERE name = ? AND retired_at IS NULL");
  const reseal = connection.prepare("UPDATE secrets SET sealed = ? WHERE seq = ?");
  const columns = "seq, name, keys, sealed, visibility, workflows, created_at";
  const one = connection.prepare<[string], Row>(`SELECT ${columns} FROM secrets WHERE name = ? AND retired_at IS NULL`);
  const living = connection.prepare<[], Row>(`SELECT ${columns} FROM secrets WHERE retired_at IS NULL ORDER BY name`);
  const all = connection.prepare<[], Row>(`SELECT ${columns} FROM secrets ORDER BY seq`);
  const revision = connection.prepare<[], number | null>("SELECT max(seq) FROM secrets").pluck();
  return {
    insert({ name, keys, sealed, visibility, workflows, createdAt }: SecretRow): void {
      insert.run(name, JSON.stringify(keys), sealed, visibility, textOf(workflows), createdAt);
    },

    /** @returns whether there was one */
    retire: (name: string, at: number): boolean => retire.run(at, name).changes === 1,

    restrict: (name: string, workflows: string[] | null): void => void restrict.run(textOf(workflows), name),

    /** Gives every secret, retired ones included, another seal. @returns how many there are */
    resealAll(seal: (secret: SecretRow) => string): number {
      // What the old key opens must not be left in parts of the file that are free.
      connection.pragma("secure_delete = ON");
      const rows = all.all();
      for (const row of rows) reseal.run(seal(toSecret(row)), row.seq);
      return rows.length;
    },

    /** Empties the log beside the database, where old seals would stay. @returns whether nobody was in the way */
    emptyLog(): boolean {
      return connection.pragma("wal_checkpoint(TRUNCATE)", { simple: true }) === 0;
    },

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

function textOf(workflows: string[] | null): string | null {
  return workflows === null ? null : JSON.stringify(workflows);
}

function toSecret({ name, keys, sealed, visibility, workflows, created_at: createdAt }: Row): SecretRow {
  return {
    name,
    keys: JSON.parse(keys) as string[],
    sealed,
    visibility,
    workflows: workflows === null ? null : (JSON.parse(workflows) as string[]),
    createdAt,
  };
}
