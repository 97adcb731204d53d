import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../core/clock.ts";
import { isUserError, messageOf } from "../core/errors.ts";
import type { ModelRequest } from "../core/model-call.ts";
import { ModelError } from "../core/model-error.ts";
import type { Workplace } from "../core/workplace.ts";
import type { EnginePorts } from "../engine/ports.ts";
import type { Price, ResolvedModel } from "../models/model.ts";
import { createModelCalls } from "../models/model-calls.ts";
import type { Prices } from "../models/prices.ts";
import { resolveModel } from "../models/resolution.ts";
import { sleep } from "../models/sleep.ts";
import { parseSpec, specText } from "../models/spec.ts";
import type { Secrets } from "../secrets/vault.ts";
import type { ModelAlias } from "../store/model-aliases.ts";
import type { Store } from "../store/store.ts";
import { MockModel } from "./mock-model.ts";
import type { MockRequest, Resolved } from "./mock-reply.ts";
import { responseOf } from "./mock-response.ts";
import { anthropicWire } from "./wires/anthropic.ts";
import { chatWire } from "./wires/chat.ts";
import { googleWire } from "./wires/google.ts";
import { openaiWire } from "./wires/openai.ts";
import { recordOf, type Wire } from "./wires/wire.ts";

/** One mocked model for all, or several by step, alias, "provider:model" or model, with "*" for the others. */
export type MockModels = MockModel | Readonly<Record<string, MockModel>>;

export interface MockProviderOptions {
  store: Store;
  clock: Clock;
  env: NodeJS.ProcessEnv;
  secrets: Secrets;
  models: MockModels | undefined;
  /** Short names to "provider:model"; others stand for models of their own. */
  aliases: Readonly<Record<string, string>>;
  prices: Prices;
  /** Something is done in real time. */
  onActivity(): void;
}

/** A call that is being answered. */
interface MockedCall {
  request: ModelRequest;
  workplace: Workplace;
  model: ResolvedModel | undefined;
  mock: MockModel | undefined;
}

const wires: Readonly<Record<ResolvedModel["provider"], Wire>> = {
  anthropic: anthropicWire,
  openai: openaiWire,
  google: googleWire,
  "openai-compatible": chatWire,
  ollama: chatWire,
};

/** Nothing is ever sent there. */
const access = {
  ANTHROPIC_API_KEY: "mocked",
  OPENAI_API_KEY: "mocked",
  GOOGLE_GENERATIVE_AI_API_KEY: "mocked",
  OPENAI_COMPATIBLE_BASE_URL: "http://model.invalid/v1",
};

/** What a model costs that only the test knows: a dollar and two for a million tokens. */
const testPrice: Price = { input: 1, output: 2 };

/** The real caller of models, with the test's answers where the network would be. */
export class MockProvider {
  readonly #options: MockProviderOptions;
  readonly #calls = new AsyncLocalStorage<MockedCall>();
  readonly #askModel: EnginePorts["askModel"];
  #answering = 0;
  #loading = 0;
  #delayed = 0;

  constructor(options: MockProviderOptions) {
    const { store, clock, env } = options;
    this.#options = options;
    const caller = createModelCalls({
      store,
      clock,
      env,
      resolve: (asked, place) => this.#resolve(asked, place),
      fetch: (_, init) => this.#fetch(init),
    });
    this.#askModel = (request, workplace, callTool) => caller.call(request, workplace, callTool);
  }

  /** Whether an answer is on its way that no clock holds back. */
  get isAtWork(): boolean {
    return this.#answering > 0 || this.#loading > 0;
  }

  /** Answers that the test's clock holds back. */
  get delayed(): number {
    return this.#delayed;
  }

  readonly askModel: EnginePorts["askModel"] = (request, workplace, callTool) => {
    const call: MockedCall = { request, workplace, model: undefined, mock: undefined };
    return this.#calls.run(call, async () => {
      // The libraries are loaded by the first call that needs them, which takes a while.
      const isFirst = !isLoaded;
      if (isFirst) this.#loading++;
      try {
        return await this.#askModel(request, workplace, callTool);
      } finally {
        if (isFirst) this.#loading--;
        this.#options.onActivity();
      }
    });
  };

  #resolve(asked: string | undefined, place: Workplace): ResolvedModel {
    const { env, secrets, prices } = this.#options;
    const resolved = resolveModel(asked, place, {
      aliases: { find: (name) => this.#alias(name), list: () => [aliasOf("mock", true)] },
      env: { ...access, ...env },
      prices: (provider, model) =>
        prices(provider, model) ?? (provider === "openai-compatible" ? testPrice : undefined),
      secrets,
      readSecret: (name, key, workflow) => secrets.read(name, key, workflow),
    });
    const call = this.#calls.getStore();
    if (call === undefined) throw new Error("a model was asked past the test engine");
    // Of its own, since a reply may say what it costs.
    call.model = { ...resolved, price: resolved.price && { ...resolved.price } };
    call.mock = this.#mockOf(place.step, resolved);
    return call.model;
  }

  /** Every name is an alias here: the project's own are not at hand. */
  #alias(name: string): ModelAlias | undefined {
    const known = Object.hasOwn(this.#options.aliases, name) ? this.#options.aliases[name] : undefined;
    if (known !== undefined) return { ...aliasOf(name, false), model: known };
    return parseSpec(name) === undefined ? aliasOf(name, false) : undefined;
  }

  #mockOf(step: string, resolved: ResolvedModel): MockModel {
    const { models } = this.#options;
    const { alias, model } = resolved;
    if (models instanceof MockModel) return models;
    const names = [step, alias ?? "", specText(resolved), model, "*"];
    const name = names.find((one) => models !== undefined && Object.hasOwn(models, one));
    const found = name === undefined ? undefined : models?.[name];
    if (found !== undefined) return found;
    const which = alias === null ? specText(resolved) : alias;
    throw new ModelError(
      "not_mocked",
      `${JSON.stringify(step)} asks the model ${which}, which the test does not mock`,
      {
        hint: `Pass openTestEngine({ model: mockModel("…") }) for all models, or { model: { ${JSON.stringify(step)}: mockModel("…") } } by step, alias or model.`,
      },
    );
  }

  async #fetch(init: RequestInit | undefined): Promise<Response> {
    isLoaded = true;
    const call = this.#calls.getStore();
    const { model, mock } = call ?? {};
    if (call === undefined || model === undefined || mock === undefined) throw new Error("no call is being answered");
    this.#answering++;
    this.#options.onActivity();
    try {
      const wire = wires[model.provider];
      const { system, messages } = wire.read(recordOf(JSON.parse(String(init?.body))));
      const request = requestOf(call, { system, messages, model });
      const resolved = await this.#answer(mock, request);
      await this.#wait(resolved.delayMs, init?.signal ?? call.workplace.signal);
      return responseOf(wire, resolved, { request, model });
    } finally {
      this.#answering--;
      this.#options.onActivity();
    }
  }

  /** What the test itself did wrong is no trouble of a network, and not worth another attempt. */
  async #answer(mock: MockModel, request: Omit<MockRequest, "call">): Promise<Resolved> {
    try {
      return await mock.answer(request);
    } catch (error) {
      throw new ModelError("mock_failed", messageOf(error), {
        hint: isUserError(error) ? error.hint : "The function of the mocked model threw.",
        cause: error,
      });
    }
  }

  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    if (delayMs <= 0) return;
    this.#answering--;
    this.#delayed++;
    try {
      await sleep(this.#options.clock, delayMs, signal);
    } finally {
      this.#delayed--;
      this.#answering++;
    }
  }
}

let isLoaded = false;

function aliasOf(name: string, isDefault: boolean): ModelAlias {
  return {
    name,
    model: `openai-compatible:${name}`,
    secret: null,
    secretKey: null,
    baseUrl: null,
    isDefault,
    createdAt: 0,
  };
}

function requestOf(
  { request, workplace }: MockedCall,
  { system, messages, model }: { model: ResolvedModel } & Pick<MockRequest, "system" | "messages">,
): Omit<MockRequest, "call"> {
  return {
    step: workplace.step,
    executionId: workplace.executionId,
    model: specText(model),
    alias: model.alias,
    system,
    messages,
    prompt: messages.at(-1)?.content ?? "",
    schema: request.outputSchema,
    tools: request.tools,
    temperature: request.temperature,
  };
}
