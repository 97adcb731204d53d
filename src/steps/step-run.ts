import type { Step } from "../definitions/model/steps.ts";
import type { Scope } from "../definitions/values/scope.ts";
import { compileValue } from "../definitions/values/value.ts";
import { requireFlowScope } from "../flows/scope.ts";
import { secret } from "../flows/secret.ts";
import { attemptsOf } from "./attempts.ts";
import type { StepRun } from "./step-kind.ts";
import { fillIn, fillInText, secretsIn } from "./values.ts";
import type { Walk } from "./walk.ts";

/** What a step that begins to run is given. */
export function openStepRun<S extends Step>(step: S, walk: Walk): StepRun<S> {
  const { context, scope, halt } = walk;
  const attempts = attemptsOf(step, context);
  return {
    step,
    scope,
    attempts,
    ports: context.ports,
    functions: context.functions,
    settings: context.settings,
    value: (field) => fillIn(field, scope),
    text: (field) => fillInText(field, scope),
    async withSecrets(...fields) {
      const secrets = await readSecrets(fields);
      const open: Scope = { ...scope, secrets };
      return { value: (field) => fillIn(field, open), text: (field) => fillInText(field, open) };
    },
    checkpoint(args, body, { name = step.id, type = step.type, retries } = {}) {
      const { runtime, path } = requireFlowScope(`step ${step.id}`, "steps run in the flow");
      const options = { ...attempts, type, ...(retries !== undefined && { retries }) };
      return runtime.checkpoint({ name, scope: path, args, fn: body, options }) as never;
    },
    runList: context.runList,
    parked: (work) => (halt === undefined ? work : halt.whileGoing(step.id, work)),
    walk: (steps, locals) => ({
      context,
      steps,
      halt,
      scope:
        locals === undefined ? scope : { ...scope, steps: { ...scope.steps }, locals: { ...scope.locals, ...locals } },
    }),
  };
}

/** The values of the secrets that fields refer to, by name and key. */
async function readSecrets(fields: readonly unknown[]): Promise<Record<string, Record<string, string>>> {
  const values: Record<string, Record<string, string>> = {};
  for (const field of fields) {
    for (const [name, key] of secretsIn(compileValue(field).references)) {
      values[name] = { ...values[name], [key]: await secret(name, key) };
    }
  }
  return values;
}
