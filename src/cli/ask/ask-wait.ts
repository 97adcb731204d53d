import type { PendingWaitView } from "../../tools/execution-schema.ts";
import type { Output } from "../output.ts";
import { promptPlan } from "./prompt-plan.ts";
import { PromptEnded, Prompter } from "./prompter.ts";

type Asked = Pick<PendingWaitView, "name" | "question" | "schema" | "refused_answer">;

/**
 * Asks the person at the terminal what a wait asks.
 * @returns undefined where they leave, or the signal withdraws the question
 */
export async function askWait(
  wait: Asked,
  output: Output,
  signal: AbortSignal,
): Promise<{ value: unknown } | undefined> {
  const prompter = new Prompter(await loadPrompts(output), signal);
  if (wait.refused_answer !== null) prompter.tell(`The last answer was refused: ${wait.refused_answer.reason}`);
  const { schema } = wait;
  try {
    const said = await prompter.ask(promptPlan(schema), {
      message: messageFor(wait),
      schema: schema ?? {},
      isRequired: true,
    });
    return "value" in said ? said : undefined;
  } catch (error) {
    if (error instanceof PromptEnded) return undefined;
    throw error;
  }
}

/** Waits of a loop, and those that are asked again, may ask the same in other places. */
function messageFor({ name, question }: Asked): string {
  if (question === null) return `${name}?`;
  return /[/#]/.test(name) ? `${question} (${name})` : question;
}

/** The prompts' library asks the environment whether it may paint. */
export async function loadPrompts({
  isColoured,
}: Pick<Output, "isColoured">): Promise<typeof import("@clack/prompts")> {
  if (!isColoured) {
    delete process.env["FORCE_COLOR"];
    process.env["NO_COLOR"] = "1";
  }
  return import("@clack/prompts");
}
