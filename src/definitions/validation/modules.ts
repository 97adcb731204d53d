import { type Finding, nameHint } from "../problem.ts";
import { type Branch, memberOf, textOf } from "../reading/tree.ts";

/** What of the modules beside a definition can be seen. */
export interface Modules {
  /** Whether a module beside the definition is there. */
  hasModule?: ((module: string) => boolean) | undefined;
  /** What it says. */
  moduleText?: ((module: string) => string | undefined) | undefined;
  /** The definition is in no file yet, so that nothing lies beside it. */
  areModulesUnseen?: boolean | undefined;
}

/** Whether the module of a function step is there, and what it exports as far as its text tells. */
export function moduleFindings(tree: Branch, { hasModule, moduleText, areModulesUnseen }: Modules): Finding[] {
  const module = textOf(tree, "module") ?? "tools.ts";
  const { at, field } = memberOf(tree, "module") ?? tree;
  if (hasModule === undefined) {
    if (areModulesUnseen !== true) return [];
    const message = `whether there is ${module} cannot be seen from a text`;
    const hint = "Put it beside the definition, in a folder of their own, and validate the file by its path.";
    return [{ severity: "warning", code: "unknown_module", at, field, message, hint }];
  }
  if (hasModule(module)) return functionFindings(tree, module, moduleText?.(module));
  const hint =
    "Modules lie beside the definition: put the definition into a folder, as workflow.md, and the module with it.";
  return [{ code: "unknown_module", at, field, message: `there is no module ${module}`, hint }];
}

const declarations = /\bexport\s+(?:async\s+)?(?:function\s*\*?|const|let|var|class)\s*([\w$]+)/g;
/** Lists, and what other modules export: the names in them count wherever they stand. */
const otherExports = /\bexport\s*[*{]|\bexport\s+(?:const|let|var)\s*[[{]|\bexports\b/;

function functionFindings(tree: Branch, module: string, text: string | undefined): Finding[] {
  const name = textOf(tree, "function");
  if (text === undefined || name === undefined || /\bexport\s*\*/.test(text)) return [];
  const exported = [...text.matchAll(declarations)].flatMap(([, one]) => one ?? []);
  if (exported.includes(name) || (otherExports.test(text) && text.split(/[^\w$]+/).includes(name))) return [];
  const { at, field } = memberOf(tree, "function") ?? tree;
  const hint = nameHint(name, exported, "Export it there.");
  return [{ code: "unknown_module", at, field, message: `${module} exports no ${name}`, hint }];
}
