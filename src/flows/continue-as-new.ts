import { requireFlowScope } from "./scope.ts";

/**
 * Ends this run of the flow and begins it anew with another input: the same execution, with an empty journal. For
 * flows that go on for ever, whose journal would otherwise grow for ever. What was submitted and the children are
 * awaited first; nothing after the call runs.
 *
 * @example
 * const inbox = flow("inbox", async ({ seen }: { seen: number }) => {
 *   for (let i = 0; i < 100; i++) await handle(await wait({ name: "mail" }));
 *   return continueAsNew({ seen: seen + 100 });
 * });
 */
export function continueAsNew(input?: unknown): Promise<never> {
  return requireFlowScope("continueAsNew()", "call it from the flow").runtime.continueAsNew(input);
}
