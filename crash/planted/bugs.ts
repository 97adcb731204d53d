/** A small bug: texts of the sources, each of which must be found exactly once, and what stands there instead. */
export interface Bug {
  name: string;
  edits: { file: string; from: string; to: string }[];
}

export const bugs: Bug[] = [
  {
    name: "fencing: whoever lost the lease may write",
    edits: [
      {
        file: "src/store/executions.ts",
        from: `const held = "seq = ? AND owner = ? AND epoch = ? AND status = 'running'";`,
        to: `const held = "seq = ? AND coalesce(?, '') <> '' AND ? > 0";`,
      },
    ],
  },
  {
    name: "commit order: acknowledged before the commit",
    edits: [
      {
        file: "src/engine/committer.ts",
        from: "acknowledge = this.#store.write(() => parts.map((part) => part.apply()));",
        to: "acknowledge = this.#store.write(() => { for (const part of parts) part.apply()(); return []; });",
      },
    ],
  },
  {
    name: "delivery order: by the order of the calls",
    edits: [
      {
        file: "src/engine/activation/delivery.ts",
        from: "while (at > 0 && (list[at - 1]?.position ?? 0) > recorded.position) at--;",
        to: "while (at > 0 && (list[at - 1]?.ordinal ?? 0) > recorded.ordinal) at--;",
      },
    ],
  },
  {
    name: "matching: the next entry of the name, whatever its arguments",
    edits: [
      {
        file: "src/engine/activation/matching.ts",
        from: "if (same !== undefined && same.argumentsHash === argumentsHash) return this.#take(same);",
        to: "if (same !== undefined) return this.#take(same);",
      },
    ],
  },
  {
    name: "retries: a re-run counts the attempts anew",
    edits: [{ file: "src/store/journal.ts", from: "attempt: row.attempt,", to: "attempt: 1," }],
  },
  {
    name: "answers: a second one is accepted",
    edits: [
      {
        file: "src/engine/control/answers.ts",
        from: `const pending = waits.filter(({ status }) => status === "pending");`,
        to: `const pending = waits.filter(({ status }) => status === "pending" || status === "answered");`,
      },
      {
        file: "src/store/journal.ts",
        from: "AND kind = 'wait' AND status = 'pending'\n       AND (? IS NULL",
        to: "AND kind = 'wait'\n       AND (? IS NULL",
      },
    ],
  },
  {
    name: "idempotency: a known key starts another execution",
    edits: [
      {
        file: "src/engine/control/runs.ts",
        from: "if (before !== undefined) return before;",
        to: "if (before !== undefined && now < 0) return before;",
      },
    ],
  },
  {
    name: "positions: what other processes settled is not read before a flush",
    edits: [{ file: "src/engine/committer.ts", from: "writer.behind(position);", to: "" }],
  },
];
