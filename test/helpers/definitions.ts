import { expect } from "vitest";
import type { WorkflowDefinition } from "../../src/definitions/model/definition.ts";
import { validateDefinition } from "../../src/definitions/validate.ts";
import { flowBrand } from "../../src/flows/flow.ts";
import { interpreted } from "../../src/steps/interpreter.ts";
import type { StepFunctions, StepPorts } from "../../src/steps/ports.ts";
import type { AnyFlow } from "./engine.ts";

/** A definition without a mistake. */
export function definitionOf(text: string, path = "test.yaml"): WorkflowDefinition {
  const { definition, problems } = validateDefinition({ path, text });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  if (definition === undefined) throw new Error("the definition is not valid");
  return definition;
}

export interface DefinitionOptions {
  ports?: Partial<StepPorts>;
  functions?: StepFunctions;
  path?: string;
}

/** A definition as a flow of a test's engine. */
export function flowOf(text: string, { ports, functions = {}, path }: DefinitionOptions = {}): AnyFlow {
  const definition = definitionOf(text, path);
  return {
    flowName: definition.name,
    [flowBrand]: interpreted(definition, { ports: { ...bareStepPorts(), ...ports }, functions }),
  };
}

/** Nothing around the definition but a folder. */
export function bareStepPorts(projectRoot = process.cwd()): StepPorts {
  const none = (what: string) => () => {
    throw new Error(`the test has no ${what}`);
  };
  return {
    projectRoot,
    env: {},
    fetch: globalThis.fetch,
    connections: { callTool: none("MCP servers") },
    agentServers: none("MCP servers"),
    answerLink: () => undefined,
    redact: (text) => text,
    locateWorkflow: none("other workflows"),
  };
}
