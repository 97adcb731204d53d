#!/usr/bin/env node
import { ensureRuntime } from "../core/runtime.ts";

if (await ensureRuntime()) {
  const { runProgram } = await import("./program.ts");
  await runProgram(process.argv.slice(2));
}
