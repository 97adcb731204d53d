import type {
  FinishReason,
  LanguageModel,
  LanguageModelUsage,
  ModelMessage as SdkMessage,
  streamText,
  ToolSet,
} from "ai";
import type { JsonSchema } from "../core/json-schema.ts";
import type { ModelRequest } from "../core/model-call.ts";

export interface StreamRequest {
  model: LanguageModel;
  instructions: string | undefined;
  messages: readonly SdkMessage[];
  temperature: number | undefined;
  outputCap: number;
  /** Must have an object at its top. */
  schema: JsonSchema | undefined;
  /** Whether OpenAI and those who imitate it may be asked to hold the model to the schema. */
  isStrict: boolean;
  tools: ModelRequest["tools"];
  signal: AbortSignal;
}

/** What has arrived of an answer: still true when it breaks off. */
export interface Received {
  /** Whom the request reached; what a server has refused has reached nobody. */
  reached: "nobody" | "sent" | "answered";
  text: string;
  /** Of text, reasoning and arguments of tools. */
  characters: number;
  usage: LanguageModelUsage | undefined;
  /** Why it was broken off, where it went on beyond its cap. */
  overrun: Error | undefined;
}

export interface ToolCall {
  id: string;
  name: string;
  input: unknown;
  /** Whether `input` could be read; where not it is the text that came. */
  isReadable: boolean;
}

export interface Answer {
  text: string;
  toolCalls: ToolCall[];
  finishReason: FinishReason;
  /** The provider's own word for it; undefined where the stream ended without one. */
  rawFinishReason: string | undefined;
  /** The answer as the next request repeats it. */
  messages: SdkMessage[];
}

/** Makes one request and reads its answer, telling `onReceived` as it comes. @throws what the AI SDK throws */
export async function streamAnswer(
  request: StreamRequest,
  received: Received,
  onReceived: () => void,
): Promise<Answer> {
  const sdk = await import("ai");
  // Its warnings would go to the process; what a provider does not support is not worth a line for each request.
  globalThis.AI_SDK_LOG_WARNINGS ??= false;
  const result = sdk.streamText({ ...optionsOf(request, sdk), onError: () => {} });
  const toolCalls: ToolCall[] = [];
  let end: Pick<Answer, "finishReason" | "rawFinishReason"> = { finishReason: "other", rawFinishReason: undefined };
  let failure: { error: unknown } | undefined;
  for await (const part of result.stream) {
    switch (part.type) {
      case "text-delta":
        received.text += part.text;
        received.characters += part.text.length;
        onReceived();
        break;
      case "reasoning-delta":
        received.characters += part.text.length;
        onReceived();
        break;
      case "tool-input-delta":
        received.characters += part.delta.length;
        onReceived();
        break;
      case "tool-call": {
        const { toolCallId: id, toolName: name, input } = part;
        toolCalls.push({ id, name, input, isReadable: part.invalid !== true });
        break;
      }
      case "finish-step":
        received.usage = part.usage;
        end = { finishReason: part.finishReason, rawFinishReason: part.rawFinishReason };
        break;
      case "error":
        // The usage may still come.
        failure ??= { error: part.error };
        break;
    }
  }
  request.signal.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  const messages = (await result.responseMessages).filter(({ role }) => role === "assistant");
  return { text: received.text, toolCalls, ...end, messages };
}

type Sdk = Pick<typeof import("ai"), "jsonSchema" | "tool" | "Output">;

function optionsOf(request: StreamRequest, sdk: Sdk) {
  const { model, instructions, messages, temperature, outputCap, schema, isStrict, tools, signal } = request;
  return {
    model,
    messages: [...messages],
    maxOutputTokens: outputCap,
    maxRetries: 0,
    abortSignal: signal,
    providerOptions: {
      // What is kept here need not be kept there too.
      openai: { store: false, strictJsonSchema: isStrict },
      compatible: { strictJsonSchema: isStrict },
      ollama: { strictJsonSchema: isStrict },
    },
    ...(instructions === undefined ? {} : { instructions }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(tools.length === 0 ? {} : { tools: toolSet(tools, sdk) }),
    ...(schema === undefined ? {} : { output: outputOf(schema, sdk) }),
  } satisfies Parameters<typeof streamText>[0];
}

/** Without functions to run: the calls come back, and are made under the budget. */
function toolSet(tools: ModelRequest["tools"], { tool, jsonSchema }: Sdk): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }) => [
      name,
      tool({ inputSchema: jsonSchema(inputSchema), ...(description === undefined ? {} : { description }) }),
    ]),
  );
}

/** Parsing what has arrived anew at each piece of it would be work that nobody asked for. */
function outputOf(schema: JsonSchema, { Output, jsonSchema }: Sdk) {
  return { ...Output.object({ schema: jsonSchema(schema) }), parsePartialOutput: async () => undefined };
}
