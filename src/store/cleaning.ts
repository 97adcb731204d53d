import type { Connection } from "./database.ts";

/** An execution without a parent, or one of its descendants. */
interface Member {
  root: number;
  seq: number;
  removable: number;
}

/** What is about to go. */
export interface Leaving {
  executions: ReadonlySet<number>;
  /** Cached outputs that were computed before this instant. */
  cachedBefore: number;
}

const rootsAtOnce = 200;
const over = "status IN ('completed', 'failed', 'cancelled') AND ended_at < $before";

export type Cleaning = ReturnType<typeof cleaning>;

/** Statements that remove what nobody needs any more. The caller holds an immediate transaction where it says so. */
export function cleaning(connection: Connection) {
  const families = connection.prepare<[{ before: number; after: number }], Member>(
    `WITH RECURSIVE family (root, seq, removable) AS (
       SELECT * FROM (SELECT seq, seq, 1 FROM executions WHERE parent_seq IS NULL AND seq > $after AND ${over}
         ORDER BY seq LIMIT ${rootsAtOnce})
       UNION ALL
       SELECT family.root, child.seq, child.${over.replace("ended_at", "child.ended_at")}
         FROM family JOIN executions AS child ON child.parent_seq = family.seq
     ) SELECT root, seq, removable FROM family ORDER BY root, seq`,
  );
  const remove = connection.prepare("DELETE FROM executions WHERE seq = ?");
  const unindex = connection.prepare("DELETE FROM executions_search WHERE rowid = ?");
  const forgetKeys = connection.prepare(
    "DELETE FROM idempotency_keys WHERE execution_id NOT IN (SELECT id FROM executions)",
  );
  const forgetCachedOutputs = connection.prepare("DELETE FROM cached_outputs WHERE created_at < ?");
  const versions = connection.prepare<[number], string>("SELECT hash FROM versions WHERE created_at < ?").pluck();
  const users = connection.prepare<[], { seq: number; version: string }>("SELECT seq, version FROM executions");
  const removeVersion = connection.prepare("DELETE FROM versions WHERE hash = ?");
  const references = connection.prepare<[], { seq: number; text: string }>(
    `SELECT seq, input AS text FROM executions WHERE input GLOB '@blob:*'
     UNION ALL SELECT seq, result FROM executions WHERE result GLOB '@blob:*'
     UNION ALL SELECT seq, replay FROM executions WHERE replay GLOB '*@blob:*'
     UNION ALL SELECT execution_seq, output FROM journal WHERE output GLOB '@blob:*'
     UNION ALL SELECT execution_seq, detail FROM journal WHERE detail GLOB '*@blob:*'
     UNION ALL SELECT execution_seq, value FROM artifacts WHERE value GLOB '@blob:*'
     UNION ALL SELECT execution_seq, value FROM early_answers WHERE value GLOB '@blob:*'`,
  );
  const cachedReferences = connection
    .prepare<[number], string>("SELECT output FROM cached_outputs WHERE created_at >= ? AND output GLOB '@blob:*'")
    .pluck();
  return {
    /**
     * The next executions that ended before an instant together with all their descendants, families whole.
     * @param after number of the last root that was looked at
     */
    families(before: number, after: number): { last: number | undefined; seqs: number[] } {
      const members = families.all({ before, after });
      const kept = new Set(members.filter(({ removable }) => removable === 0).map(({ root }) => root));
      const seqs = members.filter(({ root }) => !kept.has(root)).map(({ seq }) => seq);
      return { last: members.at(-1)?.root, seqs };
    },

    /** In a transaction. Children are younger than their parents, so the youngest go first. */
    removeExecutions(seqs: readonly number[]): void {
      for (const seq of seqs.toSorted((a, b) => b - a)) {
        unindex.run(seq);
        remove.run(seq);
      }
    },

    forgetKeys: (): number => forgetKeys.run().changes,
    /** An execution that ended before an instant computed before it: none is left whose execution is gone. */
    forgetCachedOutputs: (before: number): void => void forgetCachedOutputs.run(before),
    /** Versions that were made before an instant, and that only executions run on which are about to go. */
    unusedVersions(before: number, without: ReadonlySet<number>): string[] {
      const used = new Set<string>();
      for (const { seq, version } of users.iterate()) if (!without.has(seq)) used.add(version);
      return versions.all(before).filter((hash) => !used.has(hash));
    },
    removeVersion: (hash: string): void => void removeVersion.run(hash),

    /** The blobs that executions and cached outputs refer to, but for those that are about to go. */
    referencedBlobs({ executions, cachedBefore }: Leaving): Set<string> {
      const found = new Set<string>();
      const add = (text: string) => {
        for (const [, sha256 = ""] of text.matchAll(/@blob:([0-9a-f]{64}):/g)) found.add(sha256);
      };
      for (const { seq, text } of references.iterate()) if (!executions.has(seq)) add(text);
      for (const output of cachedReferences.iterate(cachedBefore)) add(output);
      return found;
    },
  };
}
