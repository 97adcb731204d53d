// @ts-check

/**
 * Who may import whom, folder by folder and top-level file by file; the same table stands in ARCHITECTURE.md, and a test
 * compares the two. `core` is open to all; what is not listed is forbidden.
 */
const belowApp = [
  ...["store", "flows", "definitions", "budgets", "secrets", "connections", "processes", "code", "stacks", "models"],
  ...["agents", "engine", "steps", "triggers"],
];

/** @type {Record<string, string[]>} */
export const mayImport = {
  core: [],
  "config.ts": [],
  store: [],
  flows: [],
  definitions: [],
  budgets: ["store"],
  secrets: ["store"],
  connections: ["store", "processes"],
  processes: ["store"],
  code: ["processes", "definitions"],
  stacks: ["store", "processes"],
  models: ["store", "secrets", "budgets"],
  agents: ["store", "models", "secrets", "budgets", "processes"],
  engine: ["store", "flows", "budgets", "processes"],
  steps: ["flows", "definitions", "models", "agents", "secrets", "budgets", "connections", "processes"],
  triggers: ["store", "engine", "definitions"],
  composition: ["config.ts", ...belowApp],
  "app.ts": ["config.ts", ...belowApp, "composition"],
  tools: ["app.ts"],
  mcp: ["tools", "app.ts"],
  client: ["flows", "tools", "app.ts"],
  http: ["mcp", "tools", "app.ts"],
  "server.ts": ["app.ts", "mcp", "http", "client"],
  cli: ["client", "tools", "app.ts", "server.ts"],
  "index.ts": ["flows", "client"],
  testing: ["app.ts", "config.ts", ...belowApp, "composition"],
};

/** Where the table says "lazily": only `await import(...)`, or a type. */
const lazily = [
  ["cli", "server.ts"],
  ["index.ts", "client"],
];

/**
 * The one folder (or few) that may use a package, so that a change of library stays in one place.
 * @type {{ packages: string[], folders: string[] }[]}
 */
const packageHomes = [
  { packages: ["better-sqlite3", "@types/better-sqlite3", "kysely"], folders: ["store"] },
  { packages: ["@modelcontextprotocol"], folders: ["mcp", "connections"] },
  { packages: ["@modelcontextprotocol/server", "@modelcontextprotocol/sdk/(dist/esm/)?server"], folders: ["mcp"] },
  {
    packages: ["@modelcontextprotocol/client", "@modelcontextprotocol/sdk/(dist/esm/)?client"],
    folders: ["connections"],
  },
  { packages: ["esbuild"], folders: ["code"] },
  { packages: ["commander", "@clack", "cli-table3"], folders: ["cli"] },
  { packages: ["@napi-rs/keyring"], folders: ["secrets"] },
  { packages: ["eventsource-parser"], folders: ["client"] },
  { packages: ["gray-matter", "yaml", "smol-toml", "liquidjs", "json-p3", "croner"], folders: ["definitions"] },
  { packages: ["execa"], folders: ["processes"] },
  { packages: ["hono", "@hono"], folders: ["http"] },
  { packages: ["ai", "@ai-sdk", "@opentelemetry"], folders: ["models"] },
];

/** @param {string} unit a folder of src/, or a file directly in it */
const within = (unit) => (unit.endsWith(".ts") ? `^src/${unit.replace(".", "\\.")}$` : `^src/${unit}/`);
const known = Object.keys(mayImport).map(within);

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const tableRules = Object.entries(mayImport).map(([unit, others]) => ({
  name: `table: ${unit}`,
  comment: `${unit} may import ${["core", ...others].join(", ")}`,
  severity: "error",
  from: { path: within(unit) },
  to: { path: "^src/", pathNot: [unit, "core", ...others].map(within) },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const lazyRules = lazily.map(([from = "", to = ""]) => ({
  name: `lazy: ${from} to ${to}`,
  comment: `${from} loads ${to} only when it is needed: await import(...)`,
  severity: "error",
  from: { path: within(from) },
  to: { path: within(to), dynamic: false, dependencyTypesNot: ["type-only"] },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const homeRules = packageHomes.map(({ packages, folders }) => ({
  name: `home: ${packages[0]}`,
  comment: `only ${folders.join(" and ")} may import ${packages.join(", ")}`,
  severity: "error",
  from: { path: "^src/", pathNot: folders.map(within) },
  // Without a folder in front: a package that is not installed.
  to: { path: packages.map((name) => `(^|node_modules/)${name}(/|$)`) },
}));

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const unknownFolderRules = [
  { from: { path: "^src/", pathNot: known }, to: {} },
  { from: {}, to: { path: "^src/", pathNot: known } },
  { from: { orphan: true, path: "^src/", pathNot: known }, to: {} },
].map((rule) => ({
  ...rule,
  name: "table: unknown folder",
  comment: "a folder or top-level file of src/ which the table does not know: add it there and to ARCHITECTURE.md",
  severity: "error",
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...tableRules,
    ...lazyRules,
    ...homeRules,
    ...unknownFolderRules,
    {
      name: "no cycles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "src stands alone",
      comment: "what ships imports nothing of tests, benchmarks, crash suites, examples and scripts",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|crash|examples|scripts)/" },
    },
    {
      name: "runtime check first",
      comment:
        "an old Node.js must be told so before anything else loads: entries import only core/runtime.ts statically",
      severity: "error",
      from: { path: "^src/(server|cli/main)\\.ts$" },
      to: { pathNot: "^src/core/runtime\\.ts$", dynamic: false, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "runtime check alone",
      comment: "core/runtime.ts runs on an old Node.js: builtins only",
      severity: "error",
      from: { path: "^src/core/runtime\\.ts$" },
      to: { dependencyTypesNot: ["core"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
