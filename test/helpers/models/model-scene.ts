import { afterEach } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import type { Limits } from "../../../src/core/guardrails.ts";
import type { ModelAnswer, ModelRequest } from "../../../src/core/model-call.ts";
import type { ResolvedModel } from "../../../src/models/model.ts";
import { createModelCalls, type ModelCallsOptions } from "../../../src/models/model-calls.ts";
import { type BareWorkplace, bareWorkplace } from "./bare-workplace.ts";
import { type ScriptedModel, startScriptedModel } from "./scripted-model.ts";
import type { Step, Wire } from "./wire.ts";

export interface SceneOptions extends Partial<Pick<ModelCallsOptions, "clock" | "env" | "heartbeatMs" | "startSpan">> {
  limits?: Limits;
  /** Whether the call is all that its checkpoint does: then the engine would make further attempts. */
  isWhole?: boolean;
  model?: Partial<ResolvedModel>;
}

/** A checkpoint that calls a scripted model. */
export interface Scene extends BareWorkplace {
  server: ScriptedModel;
  ask(
    request?: Partial<ModelRequest>,
    callTool?: (name: string, input: unknown) => Promise<unknown>,
  ): Promise<ModelAnswer>;
  /** Events of one type, in their order. */
  told(type: string): Record<string, unknown>[];
}

const open: { close(): unknown }[] = [];

/** Ends with the test that began it. */
export async function modelScene(wire: Wire, script: Step[], options: SceneOptions = {}): Promise<Scene> {
  const { limits = {}, isWhole = true, model = {}, clock = systemClock, env = {}, ...others } = options;
  const server = await startScriptedModel(wire, ...script);
  const place = bareWorkplace({ limits, isWhole });
  open.push(server, place);
  const resolved: ResolvedModel = {
    provider: wire.provider,
    model: wire.model,
    alias: "fast",
    why: "the default alias",
    apiKey: "sk-test-0123456789",
    keyFrom: "the secret models.KEY",
    baseUrl: server.baseUrl,
    price: { input: 1, output: 10, cachedInput: 0.5 },
    ...model,
  };
  const calls = createModelCalls({ store: place.store, clock, env, resolve: () => resolved, ...others });
  return {
    ...place,
    server,
    ask: (request = {}, callTool = noTools) => calls.call({ ...plain, ...request }, place.workplace, callTool),
    told: (type) => place.events.filter((event) => event.type === type).map(({ data }) => data),
  };
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

const plain: ModelRequest = {
  model: undefined,
  system: undefined,
  messages: [{ role: "user", content: "Say hello." }],
  temperature: undefined,
  maxTokens: undefined,
  outputSchema: undefined,
  tools: [],
  maxTurns: 10,
};

async function noTools(name: string): Promise<never> {
  throw new Error(`no tool was expected to be called, and ${name} was`);
}
