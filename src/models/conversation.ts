import type { ModelMessage as SdkMessage } from "ai";
import type { ModelAnswer } from "../core/model-call.ts";
import { ModelError } from "../core/model-error.ts";
import type { Answer } from "./answer-stream.ts";
import type { Call } from "./call.ts";
import { conversationOf, shownConversation } from "./messages.ts";
import { specText } from "./spec.ts";
import { readStructured, repairInstructions } from "./structured-output.ts";
import { type CallTool, ToolCalls } from "./tool-calls.ts";
import { takeTurn } from "./turn.ts";

/** Asks until the model has answered: it may call tools in between, and correct once what does not fit the schema. */
export async function converse(call: Call, callTool: CallTool): Promise<ModelAnswer> {
  const { request, workplace, services } = call;
  const tools = new ToolCalls({ clock: services.clock, workplace, tools: request.tools, callTool });
  const messages = conversationOf(request.messages);
  let isRepair = false;
  for (let turns = 1; ; turns++) {
    await savePrompt(call, messages);
    const answer = await takeTurn(call, messages);
    if (answer.toolCalls.length > 0) {
      await saveResponse(call, {
        text: answer.text,
        tool_calls: answer.toolCalls.map(({ name, input }) => ({ name, input })),
      });
      if (turns >= request.maxTurns) throw tooManyTurns(call);
      messages.push(...answer.messages, await tools.answer(answer.toolCalls));
      continue;
    }
    const structured = structuredOf(call, answer);
    await saveResponse(call, structured?.kind === "fits" ? structured.value : answer.text);
    if (structured?.kind !== "misfit") return whole(call, answer, { output: structured?.value, toolCalls: tools.made });
    if (isRepair) throw invalidOutput(call, structured.problems);
    isRepair = true;
    messages.push(...answer.messages, { role: "user", content: repairInstructions(structured.problems) });
  }
}

function savePrompt(
  { workplace, instructions, request, schema }: Call,
  messages: readonly SdkMessage[],
): Promise<void> {
  return workplace.save(`${workplace.selector}.prompt`, "prompt", {
    ...(instructions === undefined ? {} : { system: instructions }),
    messages: shownConversation(messages),
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(({ name }) => name) }),
    ...(schema === undefined ? {} : { output_schema: schema }),
  });
}

function saveResponse({ workplace }: Call, value: unknown): Promise<void> {
  return workplace.save(`${workplace.selector}.response`, "response", value);
}

function structuredOf({ request }: Call, { text }: Answer) {
  return request.outputSchema && readStructured(text, request.outputSchema);
}

function whole(
  { usage }: Call,
  { text, finishReason }: Answer,
  { output, toolCalls }: { output: unknown; toolCalls: number },
): ModelAnswer {
  return { text, output, finishReason, usage: { ...usage, toolCalls } };
}

function tooManyTurns({ model, request }: Call): ModelError {
  const { maxTurns } = request;
  const turns = maxTurns === 1 ? "its only turn" : `all of its ${maxTurns} turns`;
  return new ModelError("too_many_turns", `${specText(model)} still called tools after ${turns}`, {
    hint: "Raise maxTurns, or say in the prompt when to stop.",
  });
}

function invalidOutput({ model }: Call, problems: readonly string[]): ModelError {
  const what = problems.slice(0, 5).join("; ");
  return new ModelError("unfit_answer", `${specText(model)} answered twice with what does not fit: ${what}`, {
    hint: "A simpler schema, or fields with descriptions, help; so does a larger model.",
  });
}
