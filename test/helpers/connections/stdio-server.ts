import { appendFileSync } from "node:fs";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { testServer } from "./tools.ts";

// What the tests start as a server. `--note FILE` puts down each start; `--hang` and `--crash` never get to work.
const [, , ...options] = process.argv;
const optionOf = (name: string) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined);

const file = optionOf("--note");
if (file !== undefined) appendFileSync(file, `${process.pid}\n`);
if (options.includes("--crash")) {
  process.stderr.write("cannot find my database\n");
  process.exit(3);
}
if (options.includes("--hang")) {
  process.stderr.write("waiting for the weather\n");
  process.stdin.resume();
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 1_000);
} else {
  await testServer().connect(new StdioServerTransport());
}
