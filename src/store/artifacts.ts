import type { Connection } from "./database.ts";

export const artifactKinds = ["prompt", "response", "context", "input", "output", "blob"] as const;
export type ArtifactKind = (typeof artifactKinds)[number];

export interface Artifact {
  id: string;
  executionSeq: number;
  name: string;
  kind: ArtifactKind;
  /** The checkpoint that saved it; null when the flow body did. */
  ordinal: number | null;
  contentType: string;
  bytes: number;
  sha256: string;
  tags: string[];
  /** Payload column: encoded text or a reference to a blob. */
  value: string;
  createdAt: number;
}

interface ArtifactRow {
  id: string;
  execution_seq: number;
  name: string;
  kind: ArtifactKind;
  ordinal: number | null;
  content_type: string;
  bytes: number;
  sha256: string;
  tags: string;
  value: string;
  created_at: number;
}

export type Artifacts = ReturnType<typeof artifactsTable>;

export function artifactsTable(connection: Connection) {
  const insert = connection.prepare(
    `INSERT INTO artifacts (id, execution_seq, name, kind, ordinal, content_type, bytes, sha256, tags, value, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const byId = connection.prepare<[string], ArtifactRow>("SELECT * FROM artifacts WHERE id = ?");
  const newest = connection.prepare<[number, string], ArtifactRow>(
    "SELECT * FROM artifacts WHERE execution_seq = ? AND name = ? ORDER BY created_at DESC, rowid DESC LIMIT 1",
  );
  const all = connection.prepare<[number], ArtifactRow>(
    "SELECT id, execution_seq, name, kind, ordinal, content_type, bytes, sha256, tags, '' AS value, created_at FROM artifacts WHERE execution_seq = ? ORDER BY rowid",
  );
  return {
    insert(artifact: Artifact): void {
      insert.run(
        artifact.id,
        artifact.executionSeq,
        artifact.name,
        artifact.kind,
        artifact.ordinal,
        artifact.contentType,
        artifact.bytes,
        artifact.sha256,
        JSON.stringify(artifact.tags),
        artifact.value,
        artifact.createdAt,
      );
    },

    find(id: string): Artifact | undefined {
      const row = byId.get(id);
      return row && toArtifact(row);
    },

    /** Of several of one name the newest wins. */
    newest(seq: number, name: string): Artifact | undefined {
      const row = newest.get(seq, name);
      return row && toArtifact(row);
    },

    /** The execution's artifacts without their values, oldest first. */
    list: (seq: number): Artifact[] => all.all(seq).map(toArtifact),
  };
}

function toArtifact(row: ArtifactRow): Artifact {
  return {
    id: row.id,
    executionSeq: row.execution_seq,
    name: row.name,
    kind: row.kind,
    ordinal: row.ordinal,
    contentType: row.content_type,
    bytes: row.bytes,
    sha256: row.sha256,
    tags: JSON.parse(row.tags),
    value: row.value,
    createdAt: row.created_at,
  };
}
