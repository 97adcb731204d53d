import type { Connection } from "./database.ts";

/** A short name for a model, with the secret that holds its key. */
export interface ModelAlias {
  name: string;
  /** `provider:model` */
  model: string;
  secret: string | null;
  /** Which of the secret's keys; null: the one that it has. */
  secretKey: string | null;
  baseUrl: string | null;
  isDefault: boolean;
  createdAt: number;
}

interface Row {
  name: string;
  model: string;
  secret: string | null;
  secret_key: string | null;
  base_url: string | null;
  is_default: number;
  created_at: number;
}

export type ModelAliases = ReturnType<typeof modelAliasesTable>;

export function modelAliasesTable(connection: Connection) {
  const put = connection.prepare(
    `INSERT INTO model_aliases (name, model, secret, secret_key, base_url, is_default, created_at)
     VALUES (?, ?, ?, ?, ?, 0, ?)
     ON CONFLICT (name) DO UPDATE SET model = excluded.model, secret = excluded.secret,
       secret_key = excluded.secret_key, base_url = excluded.base_url`,
  );
  const remove = connection.prepare("DELETE FROM model_aliases WHERE name = ?");
  const unset = connection.prepare("UPDATE model_aliases SET is_default = 0 WHERE is_default = 1");
  const set = connection.prepare("UPDATE model_aliases SET is_default = 1 WHERE name = ?");
  const one = connection.prepare<[string], Row>("SELECT * FROM model_aliases WHERE name = ?");
  const all = connection.prepare<[], Row>("SELECT * FROM model_aliases ORDER BY name");
  return {
    put: (alias: Omit<ModelAlias, "isDefault">): void =>
      void put.run(alias.name, alias.model, alias.secret, alias.secretKey, alias.baseUrl, alias.createdAt),

    /** @returns whether there was one */
    remove: (name: string): boolean => remove.run(name).changes === 1,

    /** @returns whether there is one */
    setDefault(name: string): boolean {
      unset.run();
      return set.run(name).changes === 1;
    },

    find(name: string): ModelAlias | undefined {
      const row = one.get(name);
      return row && toAlias(row);
    },

    list: (): ModelAlias[] => all.all().map(toAlias),
  };
}

function toAlias({ secret_key: secretKey, base_url: baseUrl, is_default, created_at: createdAt, ...row }: Row) {
  return { ...row, secretKey, baseUrl, isDefault: is_default === 1, createdAt };
}
