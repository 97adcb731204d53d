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
  name: string;
  keys: string;
  sealed: string;
  visibility: Visibility;
  workflows: string | null;
  created_at: number;
}

interface WholeRow extends Row {
  seq: number;
  retired_at: number | null;
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
  const insertRetired = connection.prepare(
    `INSERT INTO secrets (name, keys, sealed, visibility, workflows, created_at, retired_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const retire = connection.prepare("UPDATE secrets SET retired_at = ? WHERE name = ? AND retired_at IS NULL");
  const restrict = connection.prepare("UPDATE secrets SET workflows = ? WHERE name = ? AND retired_at IS NULL");
  const clear = connection.prepare("DELETE FROM secrets");
  const whole = connection.prepare<[], WholeRow>("SELECT * FROM secrets ORDER BY seq");
  const putBack = connection.prepare<[WholeRow]>(
    `INSERT INTO secrets (seq, name, keys, sealed, visibility, workflows, created_at, retired_at)
     VALUES (@seq, @name, @keys, @sealed, @visibility, @workflows, @created_at, @retired_at)`,
  );
  const columns = "name, keys, sealed, visibility, workflows, created_at";
  const one = connection.prepare<[string], Row>(`SELECT ${columns} FROM secrets WHERE name = ? AND retired_at IS NULL`);
  const living = connection.prepare<[], Row>(`SELECT ${columns} FROM secrets WHERE retired_at IS NULL ORDER BY name`);
  const all = connection.prepare<[], Row>(`SELECT ${columns} FROM secrets ORDER BY seq`);
  const revision = connection
    .prepare<[], string>("SELECT seq || ' ' || substr(sealed, 1, 16) FROM secrets ORDER BY seq DESC LIMIT 1")
    .pluck();
  return {
    insert({ name, keys, sealed, visibility, workflows, createdAt }: SecretRow): void {
      insert.run(name, JSON.stringify(keys), sealed, visibility, textOf(workflows), createdAt);
    },

    /** A value that nobody may read by name, and that must stay hidden. */
    insertRetired({ name, keys, sealed, visibility, workflows, createdAt }: SecretRow): void {
      insertRetired.run(name, JSON.stringify(keys), sealed, visibility, textOf(workflows), createdAt, createdAt);
    },

    /** @returns whether there was one */
    retire: (name: string, at: number): boolean => retire.run(at, name).changes === 1,

    restrict: (name: string, workflows: string[] | null): void => void restrict.run(textOf(workflows), name),

    /**
     * Gives every secret, retired ones included, another seal. The rows are taken out and put back: in pages that are
     * only changed SQLite leaves copies of what stood there, which the old key opens.
     * @returns how many there are
     */
    resealAll(seal: (secret: SecretRow) => string): number {
      connection.pragma("secure_delete = ON");
      const rows = whole.all().map((row) => ({ ...row, sealed: seal(toSecret(row)) }));
      clear.run();
      for (const row of rows) putBack.run(row);
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
    /**
     * Another one for every value that becomes known; undefined where there never was one. The seal is part of it,
     * since the number of a row that was rolled back is given to another one.
     */
    revision: (): string | undefined => revision.get(),
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
