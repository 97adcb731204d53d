import { join } from "node:path";
import Database from "better-sqlite3";
import { newId } from "../../src/core/ids.ts";
import { assertDurable, type Connection } from "../../src/store/database.ts";
import { migrations } from "../../src/store/migrations/index.ts";
import { type Subject, work } from "./subject.ts";

const owner = newId();
const argumentsHash = "abcdefghijklmnopqrstuv";

interface Held {
  seq: number;
  epoch: number;
}

/**
 * The least that a durable engine on this database could do: the rows and the group commit of the real one, and
 * nothing else: no authoring API, no matching, no leases to renew, no encoding, no hashes.
 */
export function openPrototype(folder: string): Subject {
  const databasePath = join(folder, "prototype.db");
  const connection = openDurable(databasePath);
  const batch = new Batch(connection);
  const rows = statements(connection);
  let bodies = 0;
  const body = async () => {
    bodies++;
    return work.output;
  };
  return {
    name: "prototype",
    databasePath,
    async execute(checkpoints) {
      const seq = await batch.add(() => rows.create(JSON.stringify({ checkpoints })));
      const held = await batch.add(() => rows.claim(seq));
      for (let ordinal = 1; ordinal <= checkpoints; ordinal++) {
        batch.note(() => rows.start(held, ordinal));
        const output = await body();
        await batch.add(() => rows.end(held, ordinal, JSON.stringify(output)));
      }
      await batch.add(() => rows.complete(held, checkpoints));
    },
    bodiesRun: () => bodies,
    async close() {
      assertDurable(connection);
      connection.close();
    },
  };
}

/** The pragma answers FULL until the first access to a table even where WAL fell to NORMAL, hence the read. */
function openDurable(path: string): Connection {
  const connection = new Database(path);
  connection.pragma("journal_mode = WAL");
  connection.pragma("synchronous = FULL");
  connection.prepare("SELECT count(*) FROM sqlite_master").get();
  assertDurable(connection);
  for (const { sql } of migrations) connection.exec(sql);
  return connection;
}

/** What is queued in one turn of the event loop is written in one immediate transaction, then acknowledged. */
class Batch {
  readonly #transaction: Database.Transaction<(works: (() => void)[]) => void>;
  #works: (() => void)[] = [];
  #acknowledgements: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#transaction = connection.transaction((works) => {
      for (const one of works) one();
    });
  }

  /** Resolves after the commit. */
  add<T>(one: () => T): Promise<T> {
    return new Promise<T>((resolve) => {
      let value: T;
      this.#acknowledgements.push(() => resolve(value));
      this.note(() => {
        value = one();
      });
    });
  }

  /** Rides the next batch unawaited. */
  note(one: () => void): void {
    if (this.#works.length === 0) setImmediate(() => this.#flush());
    this.#works.push(one);
  }

  #flush(): void {
    const works = this.#works;
    const acknowledgements = this.#acknowledgements;
    this.#works = [];
    this.#acknowledgements = [];
    this.#transaction.immediate(works);
    for (const acknowledge of acknowledgements) acknowledge();
  }
}

function statements(connection: Connection) {
  const create = connection.prepare(
    `INSERT INTO executions (id, workflow, target, version, status, stack, trigger, input, wake_at, created_at)
     VALUES (?, ?, ?, ?, 'queued', 'local', 'api', ?, ?, ?)`,
  );
  const claim = connection.prepare<[string, number, number, number, number], { epoch: number }>(
    `UPDATE executions SET status = 'running', owner = ?, epoch = epoch + 1, wake_at = ?, started_at = ?
     WHERE seq = ? AND status = 'queued' AND wake_at <= ? RETURNING epoch`,
  );
  const start = connection.prepare(
    `INSERT INTO journal
       (execution_seq, ordinal, kind, scope, name, occurrence, arguments_hash, status, after_position, started_at)
     VALUES (?, ?, 'checkpoint', '', ?, ?, ?, 'running', ?, ?)`,
  );
  const fence = "seq = ? AND owner = ? AND epoch = ? AND status = 'running'";
  const end = connection.prepare(
    `UPDATE journal SET status = 'completed', origin = 'executed', position = ?, output = ?, ended_at = ?
     WHERE execution_seq = ? AND ordinal = ? AND EXISTS (SELECT 1 FROM executions WHERE ${fence})`,
  );
  const complete = connection.prepare(
    `UPDATE executions SET status = 'completed', owner = NULL, wake_at = NULL, last_position = ?, result = ?,
       ended_at = ? WHERE ${fence}`,
  );
  const event = connection.prepare("INSERT INTO events (execution_seq, type, at, ordinal) VALUES (?, ?, ?, ?)");
  return {
    create(input: string): number {
      const now = Date.now();
      const { workflow, target, version } = work;
      const seq = Number(create.run(newId(), workflow, target, version, input, now, now).lastInsertRowid);
      event.run(seq, "execution_created", now, null);
      return seq;
    },

    claim(seq: number): Held {
      const now = Date.now();
      const claimed = claim.get(owner, now + work.leaseMs, now, seq, now);
      if (claimed === undefined) throw new Error(`execution ${seq} cannot be claimed`);
      event.run(seq, "execution_started", now, null);
      return { seq, epoch: claimed.epoch };
    },

    start({ seq }: Held, ordinal: number): void {
      start.run(seq, ordinal, work.checkpoint, ordinal, argumentsHash, ordinal - 1, Date.now());
    },

    end({ seq, epoch }: Held, ordinal: number, output: string): void {
      const now = Date.now();
      requireHeld(end.run(ordinal, output, now, seq, ordinal, seq, owner, epoch));
      event.run(seq, "checkpoint_completed", now, ordinal);
    },

    complete({ seq, epoch }: Held, position: number): void {
      const now = Date.now();
      requireHeld(complete.run(position, JSON.stringify(work.result), now, seq, owner, epoch));
      event.run(seq, "execution_completed", now, null);
    },
  };
}

function requireHeld({ changes }: Database.RunResult): void {
  if (changes !== 1) throw new Error("a fenced write was refused");
}
