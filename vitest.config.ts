import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: [
      { find: /^savepoint$/, replacement: fileURLToPath(new URL("src/index.ts", import.meta.url)) },
      { find: /^savepoint\/testing$/, replacement: fileURLToPath(new URL("src/testing/testing.ts", import.meta.url)) },
    ],
  },
  test: {
    // Pinned versions are imported by Node.js itself, as in a worker.
    server: { deps: { external: [/\.savepoint\/versions\//] } },
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    globalSetup: ["test/helpers/build.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
    passWithNoTests: false,
  },
});
