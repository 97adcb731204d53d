import { createHmac, timingSafeEqual } from "node:crypto";
import type { ProjectKeys } from "./keys.ts";

/** Proofs that a link was made by this project, each for one wait alone. */
export interface AnswerTokens {
  /** @param wait where it stands, as it is known before it is asked */
  tokenFor(executionId: string, wait: string): string;
  /** Takes the same time whatever is given. */
  matches(token: string, executionId: string, wait: string): boolean;
}

export function createAnswerTokens(keys: () => Pick<ProjectKeys, "answerLinks">): AnswerTokens {
  const digest = (executionId: string, wait: string) =>
    createHmac("sha256", keys().answerLinks)
      .update(JSON.stringify([executionId, wait]))
      .digest();
  return {
    tokenFor: (executionId, wait) => digest(executionId, wait).toString("base64url"),
    matches(token, executionId, wait) {
      const given = Buffer.from(token, "base64url");
      const expected = digest(executionId, wait);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
