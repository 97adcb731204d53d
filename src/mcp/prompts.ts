import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  McpError,
  type Prompt,
} from "@modelcontextprotocol/sdk/types.js";
import { didYouMean } from "../core/suggest.ts";
import { definitionGuide } from "./definition-guide.ts";

interface PromptDefinition extends Prompt {
  text(args: Record<string, string>): string;
}

/** What a person may start with; the client shows them, for example as slash commands. */
const prompts: readonly PromptDefinition[] = [
  {
    name: "author_workflow",
    title: "Author a workflow",
    description: "Write a durable workflow for a goal, a definition or a TypeScript flow, and try it.",
    arguments: [{ name: "goal", description: "What the workflow is to do", required: true }],
    text: ({ goal = "" }) => `Write a Savepoint workflow that does this: ${goal}

Write a definition where a list of steps will do, and a TypeScript flow where it takes code.

${definitionGuide}
Check it with workflows_validate, which tells every mistake with its place, and keep it with workflows_save. The whole schema is the resource savepoint://definitions/schema.

A flow goes into flows/<name>.ts. Import { flow, checkpoint, wait, sleep, save, log, secret } from "savepoint" and z from "zod".
- Everything that costs time or money, or has an effect, goes into a checkpoint("name", async (…) => …, { retries, timeout }). Code outside checkpoints runs again whenever the execution wakes.
- Ask a person with await wait({ name, question, schema }). Credentials come from await secret(name, key) inside a checkpoint.
- Give the flow an input schema: flow("name", async (input) => …, { input: z.strictObject({ … }) }).
Then look at workflows_plan, start it with executions_run, and follow \`next\` in its answer until it has completed. When it fails, read executions_logs, mend the file, and use executions_replay with code "current".`,
  },
  {
    name: "debug_execution",
    title: "Debug an execution",
    description: "Find out why an execution failed or does not go on, and what to do.",
    arguments: [{ name: "execution_id", description: "Its id; left out: the newest that failed", required: false }],
    text: ({
      execution_id: id,
    }) => `Find out what is wrong with ${id === undefined ? "the newest failed Savepoint execution (executions_latest with status failed)" : `the Savepoint execution ${id}`}.
1. executions_get with detail full: failure, blocked_reason, which checkpoint, which attempt.
2. executions_logs, with level warn first, and executions_events for the order of things; status if nothing goes on.
3. Say in two sentences what happened and why. Then propose one step: executions_retry when the cause lay outside, a change of the file and executions_replay with code "current" when the code is wrong, executions_replay with other input or overrides otherwise. Show the plan with dry_run before you replay, and ask before you change anything.`,
  },
  {
    name: "review_waits",
    title: "Review pending waits",
    description: "Go through everything that waits for a person's answer.",
    text: () =>
      `Show me what waits for an answer in Savepoint: call executions_waits, and for each wait tell me in one or two sentences what is asked, by which workflow, since when, and what my choices are; read artifacts or the execution where that helps to decide. Ask me one after the other, and answer with executions_input only what I have said.`,
  },
];

export function offerPrompts(server: Server): void {
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: prompts.map(({ text: _, ...prompt }) => prompt),
  }));

  server.setRequestHandler(GetPromptRequestSchema, ({ params: { name, arguments: args = {} } }) => {
    const prompt = prompts.find((one) => one.name === name);
    if (prompt === undefined) throw unknownPrompt(name);
    const missing = prompt.arguments?.find((argument) => argument.required === true && !args[argument.name]?.trim());
    if (missing !== undefined) throw new McpError(ErrorCode.InvalidParams, `${name}: ${missing.name} is missing`);
    const content = { type: "text" as const, text: prompt.text(args) };
    return { description: prompt.description, messages: [{ role: "user" as const, content }] };
  });
}

function unknownPrompt(name: string): McpError {
  const names = prompts.map((one) => one.name);
  return new McpError(ErrorCode.InvalidParams, `there is no prompt ${JSON.stringify(name.slice(0, 100))}`, {
    hint: didYouMean(name, names) ?? `There are: ${names.join(", ")}.`,
  });
}
