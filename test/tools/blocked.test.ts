import { expect, test } from "vitest";
import { remedyOf } from "../../src/tools/blocked.ts";

test.each([
  ["not_found: The version abc of flows/x.ts is missing", 'executions_replay {"execution_id":"e1","code":"current"}'],
  ["unavailable: The stored version abc of flows/x.ts is damaged", "Restore the file in .savepoint/versions"],
  ["unavailable: flows/x.ts cannot be loaded: Cannot find package 'zod' imported from x", "`npm install zod`"],
  ["unavailable: the master key that this project was sealed with is missing", "Restore master.key"],
  ["unavailable: SAVEPOINT_MASTER_KEY holds no key: 32 bytes in base64 are needed", "SAVEPOINT_MASTER_KEY"],
  ["disk_full: the disk that holds the project is full", "Free space"],
  ["read_only: the project's database cannot be written", "writable"],
  ["database_busy: another process holds the database", "process that holds"],
  ["internal: what nobody expected", ".savepoint/logs/"],
])("%s has a remedy", (reason, remedy) => {
  expect(remedyOf(reason, "e1")).toContain(remedy);
});
