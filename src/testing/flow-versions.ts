import { UserError } from "../core/errors.ts";
import { compileJsonSchema } from "../core/json-schema.ts";
import { shown } from "../core/shown.ts";
import { didYouMean } from "../core/suggest.ts";
import { type Flow, type FlowDefinition, flowBrand } from "../flows/flow.ts";

/** A flow of whatever input and result. */
export type AnyFlow = Pick<Flow<never, unknown>, "flowName" | typeof flowBrand>;

export const firstVersion = "test 1";

/** The flows of a test engine: those that it was given, and versions in which one of them is changed. */
export class FlowVersions {
  readonly #versions: Map<string, ReadonlyMap<string, FlowDefinition>>;

  /** @throws UserError where one is no flow, or two have the same name */
  constructor(flows: readonly AnyFlow[]) {
    this.#versions = new Map([[firstVersion, definitionsOf(flows)]]);
  }

  find(version: string, name: string): FlowDefinition | undefined {
    return this.#versions.get(version)?.get(name);
  }

  /** A flow that the engine was given. @throws UserError `not_found` */
  known(flow: unknown): FlowDefinition {
    const definition = definitionOf(flow);
    const { name } = definition;
    const known = this.#versions.get(firstVersion);
    if (known?.get(name) === definition) return definition;
    const names = [...(known?.keys() ?? [])];
    const what = known?.has(name) ? "another flow of this name" : `no flow ${JSON.stringify(name)}`;
    throw new UserError("not_found", `the test engine was given ${what}`, {
      hint: `${didYouMean(name, names) ?? ""} Pass it: openTestEngine({ flows: [${[...names, name].join(", ")}] }).`.trim(),
    });
  }

  /** The version in which a changed flow stands in the place of its namesake. @throws UserError where it has none */
  withChanged(flow: unknown, workflow: string): string {
    const definition = definitionOf(flow);
    if (definition.name !== workflow) {
      throw new UserError("invalid_input", `replay: the flow is called ${definition.name}, and was ${workflow}`, {
        hint: "Give the changed flow its former name.",
      });
    }
    const version = `test ${this.#versions.size + 1}`;
    this.#versions.set(version, new Map([...(this.#versions.get(firstVersion) ?? []), [workflow, definition]]));
    return version;
  }
}

function definitionsOf(flows: readonly AnyFlow[]): Map<string, FlowDefinition> {
  const definitions = new Map<string, FlowDefinition>();
  for (const flow of flows) {
    const definition = definitionOf(flow);
    if (definitions.has(definition.name) && definitions.get(definition.name) !== definition) {
      throw new UserError("conflict", `flows: two flows are called ${JSON.stringify(definition.name)}`, {
        hint: "An engine knows flows by their names: give them different ones.",
      });
    }
    definitions.set(definition.name, definition);
  }
  return definitions;
}

function definitionOf(flow: unknown): FlowDefinition {
  if (typeof flow === "function" && flowBrand in flow) return (flow as unknown as AnyFlow)[flowBrand];
  throw new UserError("invalid_input", `${shown(flow)} is no flow`, {
    hint: 'Pass what flow("name", async (input) => …) returned.',
  });
}

/** @throws UserError `invalid_input` where it does not fit the flow's schema */
export function checkInput(definition: FlowDefinition, input: unknown): void {
  const schema = definition.describe().inputSchema;
  const problems = schema === null ? [] : compileJsonSchema(schema)(input);
  if (problems.length === 0) return;
  throw new UserError("invalid_input", `input: ${input === undefined ? "it is missing" : problems.join("; ")}`, {
    hint: `${definition.name} takes: ${JSON.stringify(schema).slice(0, 2_000)}. Nothing was started.`,
    details: { problems, schema },
  });
}
