import { dirname, join } from "node:path";
import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { WorkflowDefinition } from "../definitions/model/definition.ts";
import { stepsOf } from "../definitions/model/describe.ts";
import { type Bundle, bundleText, hashOf } from "./bundle.ts";
import type { Project } from "./project.ts";

/** What the module of a definition's version exports. */
export interface DefinitionModule {
  definition: WorkflowDefinition;
  /** By module, as its steps write it, and by name. */
  functions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface UsedFunction {
  module: string;
  name: string;
}

/** Makes one module of a definition, as data, and the functions that its steps call. */
export async function bundleDefinition(
  project: Project,
  sourcePath: string,
  definition: WorkflowDefinition,
): Promise<Bundle> {
  const data = `export const definition = JSON.parse(${JSON.stringify(JSON.stringify(definition))});\n`;
  const used = functionsOf(definition);
  if (used.length === 0) return plainBundle(sourcePath, `${data}export const functions = {};\n`);
  const entry = { contents: data + functionsText(used), folder: dirname(join(project.root, sourcePath)) };
  try {
    return await bundleText(project, sourcePath, entry);
  } catch (error) {
    throw missingFunction(error, sourcePath, used) ?? error;
  }
}

function functionsOf({ steps }: WorkflowDefinition): UsedFunction[] {
  const all = stepsOf(steps).flatMap((step) =>
    step.type === "function" ? [{ module: step.module, name: step.function }] : [],
  );
  return [...new Map(all.map((one) => [`${one.module}\n${one.name}`, one])).values()];
}

/** Without code there is nothing to bundle. */
function plainBundle(sourcePath: string, code: string): Bundle {
  const dependencies = {};
  const map = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });
  return { hash: hashOf({ sourcePath, dependencies, code }), sourcePath, dependencies, code, map };
}

/** Each function by its own import, so that one which is not exported is told when the definition is bundled. */
function functionsText(used: readonly UsedFunction[]): string {
  const imports = used.map(
    ({ module, name }, index) => `import { ${name} as f${index} } from ${JSON.stringify(specifier(module))};\n`,
  );
  const modules = [...new Set(used.map(({ module }) => module))].map((module) => {
    const own = used.flatMap((one, index) => (one.module === module ? [`${JSON.stringify(one.name)}: f${index}`] : []));
    return `  ${JSON.stringify(module)}: { ${own.join(", ")} },\n`;
  });
  return `${imports.join("")}export const functions = {\n${modules.join("")}};\n`;
}

function specifier(module: string): string {
  return module.startsWith("./") ? module : `./${module}`;
}

function missingFunction(error: unknown, sourcePath: string, used: readonly UsedFunction[]): UserError | undefined {
  const [, name] =
    (error instanceof Error && /No matching export in .* for import "([^"]+)"/.exec(error.message)) || [];
  const asked = used.find((one) => one.name === name);
  if (name === undefined || asked === undefined) return undefined;
  const others = used.filter((one) => one !== asked && one.module === asked.module).map((one) => one.name);
  return new UserError("invalid_input", `${sourcePath}: ${asked.module} exports no function ${name}`, {
    hint: `${didYouMean(name, others) ?? `Export it: export async function ${name}(args, context) { … }.`}`,
    details: { field: "function", module: asked.module },
    cause: error,
  });
}
