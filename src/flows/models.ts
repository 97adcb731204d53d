import { shown } from "../core/shown.ts";
import { MisuseError } from "./errors.ts";
import { isOptions } from "./option-checks.ts";

const longestModel = 200;

/** Models for steps: name of the step, or `*` for all, to a model. @throws MisuseError */
export function readModels(what: string, models: unknown): Record<string, string> {
  if (models === undefined) return {};
  if (!isOptions(models)) {
    throw new MisuseError(
      `${what}: models must be an object such as { draft: "fast", "*": "smart" }; it is ${shown(models)}`,
    );
  }
  return Object.fromEntries(
    Object.entries(models).map(([step, model]) => [step, readModel(`${what}: models.${step}`, model)]),
  );
}

/** An alias or `provider:model`. @throws MisuseError */
export function readModel(what: string, model: unknown): string {
  if (typeof model === "string" && model.length > 0 && model.length <= longestModel) return model;
  throw new MisuseError(
    `${what} must be an alias or "provider:model" of at most ${longestModel} characters; it is ${shown(model)}`,
  );
}
