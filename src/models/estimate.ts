import type { ModelMessage as SdkMessage } from "ai";
import type { Room, Wanted } from "../core/workplace.ts";
import type { Price } from "./model.ts";
import { costOf } from "./prices.ts";

/** Fewer bytes than any usual text has in a token, so that the estimate is rather too high than too low. */
const bytesPerToken = 3;
const tokensPerMessage = 6;
/** What an image costs at the usual providers; the pages of a file cost about as much. */
const tokensPerImage = 1_600;
const bytesPerPage = 40_000;

/** What else than the conversation is sent. */
export interface SentBeside {
  instructions: string | undefined;
  tools: unknown;
  schema: unknown;
}

/** About how many tokens of input a request has, before anybody has counted them. */
export function inputTokensOf(messages: readonly SdkMessage[], beside: SentBeside): number {
  let media = 0;
  const text = JSON.stringify([messages, Object.values(beside)], (_key, value: unknown) => {
    if (!isMedia(value)) return value;
    media += tokensOfMedia(value);
    return null;
  });
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken) + messages.length * tokensPerMessage + media;
}

/** About how many tokens so many characters of an answer are. */
export function outputTokensOf(characters: number): number {
  return Math.ceil(characters / bytesPerToken);
}

interface Media {
  type: "file";
  mediaType: string;
  data: unknown;
}

function isMedia(value: unknown): value is Media {
  return typeof value === "object" && value !== null && "type" in value && value.type === "file" && "data" in value;
}

function tokensOfMedia({ mediaType, data }: Media): number {
  if (mediaType.startsWith("image")) return tokensPerImage;
  const bytes = data instanceof Uint8Array ? data.length : typeof data === "string" ? data.length * 0.75 : 0;
  if (mediaType.startsWith("text/")) return Math.ceil(bytes / bytesPerToken);
  return Math.max(1, Math.ceil(bytes / bytesPerPage)) * tokensPerImage;
}

/** The request that is about to be made, and the cap of its answer. */
export interface Plan {
  inputTokens: number;
  /** At most so many tokens of output: what is sent as the cap, and what is reserved. */
  outputCap: number;
  /** The limit that made the cap smaller than asked for. */
  loweredBy: "max_tokens" | "max_cost_usd" | undefined;
}

export function wantedFor({ inputTokens, outputCap }: Plan, price: Price | undefined): Wanted {
  const costUsd = costOf(price, { inputTokens, outputTokens: outputCap, cachedTokens: 0 });
  const sent = {
    tokens: inputTokens,
    costUsd: costOf(price, { inputTokens, outputTokens: 0, cachedTokens: 0 }),
  };
  return { requests: 1, turns: 1, toolCalls: 0, tokens: inputTokens + outputCap, costUsd, sent };
}

/** The smallest cap that every provider takes, and about the shortest answer that says something. */
const smallestCap = 16;

/** The same request with an answer so short that it fits into the room; undefined where none does. */
export function fitted(plan: Plan, room: Room, price: Price | undefined): Plan | undefined {
  if (room.requests < 1 || room.turns < 1) return undefined;
  const byTokens = Math.floor(room.tokens - plan.inputTokens);
  const byCost = affordableOutput(plan.inputTokens, room.costUsd, price);
  const outputCap = Math.min(plan.outputCap, byTokens, byCost);
  if (outputCap < smallestCap) return undefined;
  if (outputCap === plan.outputCap) return plan;
  return { ...plan, outputCap, loweredBy: byTokens <= byCost ? "max_tokens" : "max_cost_usd" };
}

const aMillion = 1_000_000;

function affordableOutput(inputTokens: number, roomUsd: number, price: Price | undefined): number {
  const input = costOf(price, { inputTokens, outputTokens: 0, cachedTokens: 0 });
  const withMillion = costOf(price, { inputTokens, outputTokens: aMillion, cachedTokens: 0 });
  if (input === null || withMillion === null || withMillion === input) return Number.POSITIVE_INFINITY;
  return Math.floor(((roomUsd - input) * aMillion) / (withMillion - input));
}
