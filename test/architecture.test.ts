import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { mayImport } from "../.dependency-cruiser.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

it("the import table knows every folder and top-level file of src/", () => {
  const known = Object.keys(mayImport);
  expect(readdirSync(join(root, "src")).filter((name) => !known.includes(name))).toEqual([]);
});

it("the import table and its copy in ARCHITECTURE.md are the same", () => {
  expect(tableInArchitecture()).toEqual(mayImport);
});

it("folders that ARCHITECTURE.md puts off until later do not exist yet", () => {
  const later = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").match(/^\| `src\/.+\(\*later\*\) \|$/gm) ?? [];
  const folders = later.flatMap((row) => [...row.matchAll(/`(src\/[\w.]+)\/?`/g)]).map(([, folder = ""]) => folder);
  expect(folders.filter((folder) => existsSync(join(root, folder)))).toEqual([]);
});

it("imports that the table forbids are found, each by its own rule", () => {
  const found = violations({
    "src/core/ids.ts": 'import "../store/rows.ts";',
    "src/store/rows.ts": 'import type { Flow } from "../flows/flow.ts";',
    "src/flows/flow.ts": 'import "better-sqlite3"; export interface Flow {}',
    "src/tools/run.ts": 'import "@modelcontextprotocol/sdk/server/mcp.js"; import "../app.ts";',
    "src/app.ts": 'import "./engine/a.ts"; import "esbuild";',
    "src/engine/a.ts": 'import type { B } from "./b.ts"; export interface A { b: B }',
    "src/engine/b.ts": 'import type { A } from "./a.ts"; export interface B { a: A }',
    "src/index.ts": 'import "./client/handles.ts";',
    "src/client/handles.ts": "export const handles = 1;",
    "src/server.ts": 'import "node:util"; await import("./app.ts");',
    "src/cli/main.ts": 'import "../../test/fixture.ts";',
    "src/gadgets/alone.ts": "export const alone = 1;",
    "src/gadgets/used.ts": 'import "../core/clock.ts";',
    "src/core/clock.ts": "export const clock = 1;",
    "test/fixture.ts": "export const fixture = 1;",
  });
  expect(found).toEqual([
    "home: @modelcontextprotocol | src/tools/run.ts",
    "home: @modelcontextprotocol/server | src/tools/run.ts",
    "home: better-sqlite3 | src/flows/flow.ts",
    "home: esbuild | src/app.ts",
    "lazy: index.ts to client | src/index.ts",
    "no cycles | src/engine/a.ts",
    "runtime check first | src/cli/main.ts",
    "runtime check first | src/server.ts",
    "src stands alone | src/cli/main.ts",
    "table: core | src/core/ids.ts",
    "table: store | src/store/rows.ts",
    "table: unknown folder | src/gadgets/alone.ts",
    "table: unknown folder | src/gadgets/used.ts",
  ]);
});

it("imports that the table allows pass", () => {
  const found = violations({
    "src/core/runtime.ts": 'import "node:fs";',
    "src/store/rows.ts": 'import "kysely"; import "../core/ids.ts";',
    "src/core/ids.ts": "export const id = 1;",
    "src/engine/run.ts": 'import "../store/rows.ts"; import "../core/ids.ts";',
    "src/app.ts": 'import "./engine/run.ts"; import "./store/rows.ts";',
    "src/mcp/main.ts": 'import "@modelcontextprotocol/sdk/server/mcp.js"; import "../app.ts";',
    "src/server.ts": 'import "./core/runtime.ts"; await import("./mcp/main.ts");',
    "src/cli/main.ts": 'import "../core/runtime.ts"; await import("./program.ts");',
    "src/cli/program.ts": 'import "commander"; await import("../server.ts");',
    "src/client/handles.ts": 'import "../app.ts";',
    "src/index.ts": 'import type { Handles } from "./client/handles.ts"; await import("./client/handles.ts");',
  });
  expect(found).toEqual([]);
});

/** What the shipped configuration says about a tree of files, as sorted `rule | importing file` lines. */
function violations(tree: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), "savepoint-architecture-"));
  try {
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
    const config = join(root, ".dependency-cruiser.mjs");
    const run = spawnSync(process.execPath, [depcruise, "src", "--config", config, "--output-type", "json"], {
      cwd: folder,
      encoding: "utf8",
    });
    const { summary } = JSON.parse(run.stdout);
    const lines = summary.violations.map(
      (it: { rule: { name: string }; from: string }) => `${it.rule.name} | ${it.from}`,
    );
    return [...new Set<string>(lines)].sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tableInArchitecture(): Record<string, string[]> {
  const section = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("## Who may import whom")[1] ?? "";
  const rows = [...section.matchAll(/^\| ([\w.]+) \| (.+) \|$/gm)].filter(([, folder]) => folder !== "folder");
  const table: Record<string, string[]> = {};
  for (const [, folder = "", others = ""] of rows) {
    if (folder === "process") break;
    table[folder] = namesIn(others, table);
  }
  return table;
}

function namesIn(text: string, above: Record<string, string[]>): string[] {
  return text
    .replaceAll(" (lazily)", "")
    .split(/, (?:and )?/)
    .flatMap((name) => {
      if (name === "nothing") return [];
      if (name === "everything above") return Object.keys(above).filter((folder) => folder !== "core");
      if (name === "what app.ts may import") return above["app.ts"] ?? [];
      return [name];
    });
}
