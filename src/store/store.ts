import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UserError } from "../core/errors.ts";
import { type Artifacts, artifactsTable } from "./artifacts.ts";
import { type Blobs, openBlobs } from "./blobs.ts";
import { type Budgets, budgetsTable } from "./budgets.ts";
import { type CachedOutputs, cachedOutputsTable } from "./cached-outputs.ts";
import { type Cleaning, cleaning } from "./cleaning.ts";
import { type Connection, explainStoreError, openConnection, openReader } from "./database.ts";
import { type Definitions, definitionsTable } from "./definitions.ts";
import { type EarlyAnswers, earlyAnswersTable } from "./early-answers.ts";
import { type Events, eventsTable } from "./events.ts";
import { type Executions, executionsTable } from "./executions.ts";
import { type Families, familiesTable } from "./families.ts";
import { type IdempotencyKeys, idempotencyKeysTable } from "./idempotency-keys.ts";
import { type Journal, journalTable } from "./journal.ts";
import { type Logs, logsTable } from "./logs.ts";
import { migrate } from "./migrate.ts";
import { type ModelAliases, modelAliasesTable } from "./model-aliases.ts";
import { type ModelCalls, modelCallsTable } from "./model-calls.ts";
import { createPayloads, type Payloads } from "./payloads.ts";
import { type ProcessGroups, processGroupsTable } from "./process-groups.ts";
import { type Protection, unprotected } from "./protection.ts";
import { type SecretsTable, secretsTable } from "./secrets.ts";
import { type Settings, settingsTable } from "./settings.ts";
import { type Versions, versionsTable } from "./versions.ts";
import { type Workers, workersTable } from "./workers.ts";

const defaultCapBytes = 64 * 1024 * 1024;

export interface Store {
  readonly folder: string;
  readonly databasePath: string;
  readonly executions: Executions;
  readonly families: Families;
  readonly journal: Journal;
  readonly events: Events;
  readonly logs: Logs;
  readonly artifacts: Artifacts;
  readonly versions: Versions;
  /** A cache of what the files of the workflows folder say. */
  readonly definitions: Definitions;
  readonly workers: Workers;
  readonly processGroups: ProcessGroups;
  readonly settings: Settings;
  readonly earlyAnswers: EarlyAnswers;
  readonly cachedOutputs: CachedOutputs;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly secrets: SecretsTable;
  readonly budgets: Budgets;
  readonly modelCalls: ModelCalls;
  readonly modelAliases: ModelAliases;
  readonly payloads: Payloads;
  readonly blobs: Blobs;
  readonly protection: Protection;
  readonly cleaning: Cleaning;
  /** Runs `work` in one immediate transaction; what it wrote is on the disk when this returns. */
  write<T>(work: () => T): T;
  /** A further connection that polls and lists; it cannot write. */
  reader(): Connection;
  close(): void;
}

export interface StoreOptions {
  /** The largest payload. */
  capBytes?: number;
  /** Makes what keeps known secrets out of the files; default: nothing does. */
  protect?: (parts: Pick<Store, "secrets" | "write">) => Protection;
}

/**
 * Opens the state folder of a project, making it where it is missing.
 * @throws UserError `unavailable` when it cannot be read or written, or was written by a newer Savepoint
 */
export function openStore(
  folder: string,
  { capBytes = defaultCapBytes, protect = () => unprotected }: StoreOptions = {},
): Store {
  prepareFolder(folder);
  const databasePath = join(folder, "savepoint.db");
  const connection = open(databasePath);
  const blobs = openBlobs(join(folder, "blobs"));
  const secrets = secretsTable(connection);
  const write = writer(connection, databasePath);
  const protection = protect({ secrets, write });
  let reader: Connection | undefined;
  return {
    folder,
    databasePath,
    executions: executionsTable(connection, protection),
    families: familiesTable(connection),
    journal: journalTable(connection, protection),
    events: eventsTable(connection, protection),
    logs: logsTable(connection, protection),
    artifacts: artifactsTable(connection),
    versions: versionsTable(connection),
    definitions: definitionsTable(connection, protection),
    workers: workersTable(connection),
    processGroups: processGroupsTable(connection),
    settings: settingsTable(connection),
    earlyAnswers: earlyAnswersTable(connection),
    cachedOutputs: cachedOutputsTable(connection),
    idempotencyKeys: idempotencyKeysTable(connection),
    secrets,
    budgets: budgetsTable(connection),
    modelCalls: modelCallsTable(connection, protection),
    modelAliases: modelAliasesTable(connection),
    payloads: createPayloads(blobs, capBytes, protection),
    blobs,
    protection,
    cleaning: cleaning(connection),
    write,
    reader() {
      reader ??= openReader(databasePath);
      return reader;
    },
    close() {
      reader?.close();
      connection.close();
    },
  };
}

/**
 * better-sqlite3 builds a transaction function each time it is asked, so one is kept. SQLite goes on writing to a
 * deleted file, so each transaction first looks whether the file is still there: a look costs microseconds, and what
 * is acknowledged must be where the next process will look for it.
 */
function writer(connection: Connection, path: string): Store["write"] {
  const run = connection.transaction((work: () => unknown) => work());
  const opened = statSync(path, { bigint: true });
  return <T>(work: () => T) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found?.ino !== opened.ino) throw databaseGone(path);
    return run.immediate(work) as T;
  };
}

function databaseGone(path: string): UserError {
  return new UserError("unavailable", `${path} was removed or replaced while this process had it open`, {
    hint: "Nothing was written. Put the .savepoint folder back if you can, then restart the server: it opens what is there.",
  });
}

function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unusableFolder(error, folder);
  }
}

function unusableFolder(error: unknown, folder: string): UserError {
  return new UserError("unavailable", `the state folder ${folder} cannot be written: ${messageOf(error)}`, {
    hint: "Check the permissions of the project folder, or pass another with --project.",
    cause: error,
  });
}

function open(path: string): Connection {
  let connection: Connection | undefined;
  try {
    connection = openConnection(path);
    migrate(connection);
    return connection;
  } catch (error) {
    connection?.close();
    throw explainStoreError(error, path);
  }
}
