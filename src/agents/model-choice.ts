import type { AgentRequest } from "../core/model-call.ts";
import { ModelError } from "../core/model-error.ts";
import type { Workplace } from "../core/workplace.ts";
import { stepVariable } from "../models/step-variables.ts";

interface Sources {
  env: NodeJS.ProcessEnv;
  aliasOf?: ((name: string) => string | undefined) | undefined;
}

/**
 * The request with the model that is to be used: the run's choice for the step comes first, then the environment's, the
 * call's own, and the workflow's. `*` speaks of language models, and so chooses none for Claude Code unless it is one of
 * Anthropic's.
 * @throws ModelError where a model of another provider was chosen for this step
 */
export function withModel(request: AgentRequest, workplace: Workplace, { env, aliasOf }: Sources): AgentRequest {
  const { step, models } = workplace;
  const variable = stepVariable(step);
  const choices: readonly [text: string | undefined, why: string][] = [
    [models.run[step], `models.${step} of the run`],
    [env[variable]?.trim() || undefined, variable],
    [request.model, "the call"],
    [models.flow[step], `models.${step} of the flow`],
  ];
  const [text, why] = choices.find(([one]) => one !== undefined) ?? [];
  if (text !== undefined && why !== undefined)
    return chosen(request, workplace, { model: nameOf(text, why, aliasOf), why });
  for (const [record, whose] of [
    [models.run, "run"],
    [models.flow, "flow"],
  ] as const) {
    const model = record["*"] === undefined ? undefined : claudeModel(aliasOf?.(record["*"]) ?? record["*"]);
    if (model !== undefined) return chosen(request, workplace, { model, why: `models.* of the ${whose}` });
  }
  return request;
}

function chosen(
  request: AgentRequest,
  { describe }: Workplace,
  { model, why }: { model: string; why: string },
): AgentRequest {
  if (why !== "the call") describe({ model_chosen_by: why });
  return { ...request, model };
}

/** As Claude Code names it. @throws ModelError */
function nameOf(text: string, why: string, aliasOf: Sources["aliasOf"]): string {
  const meant = aliasOf?.(text) ?? text;
  const model = claudeModel(meant) ?? (/^[a-z]+[:/]/.test(meant) ? undefined : meant);
  if (model !== undefined) return model;
  throw new ModelError("unknown_model", `${why}: ${meant} is no model of Claude Code`, {
    hint: 'Name one of Anthropic\'s, "anthropic:…" or as Claude Code calls it, for example sonnet.',
  });
}

/** The name of one of Anthropic's models; undefined for all others. */
function claudeModel(spec: string): string | undefined {
  return /^anthropic[:/](.+)$/.exec(spec.trim())?.[1];
}
