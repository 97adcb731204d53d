import { UserError } from "../core/errors.ts";
import type { Connection } from "./database.ts";
import { migrations, schemaNumber } from "./migrations/index.ts";

/**
 * Brings the schema up to date, in one immediate transaction: of several processes that start at once, one migrates
 * and the others find it done.
 * @throws UserError `unavailable` when the file was written by a newer Savepoint
 */
export function migrate(connection: Connection): void {
  if (readNumber(connection) === schemaNumber) return;
  connection
    .transaction(() => {
      const found = readNumber(connection);
      refuseNewer(found);
      for (const migration of migrations.slice(found)) connection.exec(migration.sql);
      connection.pragma(`user_version = ${schemaNumber}`);
    })
    .immediate();
}

function readNumber(connection: Connection): number {
  return Number(connection.pragma("user_version", { simple: true }));
}

function refuseNewer(found: number): void {
  if (found <= schemaNumber) return;
  throw new UserError(
    "unavailable",
    `this project's database has schema ${found}; this Savepoint knows schemas up to ${schemaNumber}`,
    { hint: "A newer Savepoint has opened the project: update this one (npm install savepoint@latest)." },
  );
}
