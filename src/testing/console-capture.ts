import { format } from "node:util";
import { scopeStorage } from "../flows/runtime.ts";

const levels = { log: "info", info: "info", debug: "debug", trace: "debug", warn: "warn", error: "error" } as const;
const methods = ["log", "info", "debug", "trace", "warn", "error"] as const;

let open = 0;
let restore: () => void = () => {};

/**
 * What flows print becomes log lines of their executions, as it does in a worker; what the test prints stays on its
 * console. Answers a function that ends it.
 */
export function captureConsole(): () => void {
  if (open++ === 0) restore = capture();
  let isOpen = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    if (--open === 0) restore();
  };
}

function capture(): () => void {
  const { console: shared } = globalThis;
  const undo = methods.map((method) => {
    const original = shared[method];
    const captured = (...parts: unknown[]) => {
      const scope = scopeStorage.getStore();
      if (scope === undefined) return original.apply(shared, parts);
      scope.runtime.print(levels[method], format(...parts), scope.checkpoint);
    };
    shared[method] = captured;
    return () => {
      // Whoever has put another one there since takes it away himself.
      if (shared[method] === captured) shared[method] = original;
    };
  });
  return () => {
    for (const one of undo) one();
  };
}
