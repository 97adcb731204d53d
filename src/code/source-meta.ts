import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Loader, Plugin } from "esbuild";
import { posixPath } from "./paths.ts";
import type { Project } from "./project.ts";

/**
 * Keeps `import.meta` (and `__dirname` in CommonJS files) meaning the source file, though all files of a bundle share
 * one module. esbuild replaces `import.meta` by a name, which each file that needs it imports from a small module of
 * its own. The import is appended, imports being hoisted: no line or column of the author's moves.
 */
const metaName = "__savepoint_import_meta";
const sourceFunction = "__savepoint_source";
const namespace = "savepoint-source";

export const sourceMetaDefine = { "import.meta": metaName };

export function sourceMetaPlugin(project: Project): Plugin {
  return {
    name: "savepoint-source-meta",
    setup(build) {
      build.onResolve({ filter: /^savepoint-source:/ }, ({ path }) => ({
        path: path.slice(namespace.length + 1),
        namespace,
      }));
      build.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
        contents: `export default ${sourceFunction}(${JSON.stringify(path)});`,
      }));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: "file" }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const contents = withSourceMeta(text, extname(path), posixPath(project.root, path));
        return contents === undefined ? undefined : { contents, loader: loaders[extname(path)] ?? "js" };
      });
    },
  };
}

/**
 * The head of every bundle. It must not declare or read a name that an author's file may declare at its top level,
 * hence `globalThis`; `require` is safe, esbuild renames the author's.
 */
export function sourceMetaBanner(project: Project, sourcePath: string): string {
  const up = JSON.stringify(posixPath(project.versionsFolder, project.root));
  return [
    `var ${sourceFunction} = ((builtin) => {`,
    `  const { dirname, resolve: at } = builtin("node:path"), { pathToFileURL } = builtin("node:url");`,
    `  const root = at(import.meta.dirname, ${up});`,
    "  return (path) => {",
    "    const filename = at(root, path), url = pathToFileURL(filename).href;",
    "    const resolve = (to) => /^\\.{0,2}\\//.test(to) ? new globalThis.URL(to, url).href : import.meta.resolve(to);",
    "    return { dirname: dirname(filename), filename, main: false, resolve, url };",
    "  };",
    "})(globalThis.process.getBuiltinModule);",
    `const require = globalThis.process.getBuiltinModule("node:module").createRequire(${sourceFunction}(${JSON.stringify(sourcePath)}).url);`,
  ].join("\n");
}

/** Takes what was added to the sources out of a source map again. */
export function withoutSourceMeta(source: string): string {
  return source.replace(appended, "").replace(prepended, "");
}

const loaders: Record<string, Loader> = { ".ts": "ts", ".mts": "ts", ".cts": "ts", ".tsx": "tsx", ".jsx": "jsx" };
const appended = new RegExp(`\\nimport ${metaName} from "${namespace}:[^\\n]*$`);
const prepended = new RegExp(
  `^var \\{ dirname: __dirname, filename: __filename \\} = require\\("${namespace}:[^\\n]*?\\)\\.default; `,
);

function withSourceMeta(text: string, extension: string, path: string): string | undefined {
  const source = JSON.stringify(`${namespace}:${path}`);
  if (isCommonJs(text, extension)) {
    if (!/\b__(dirname|filename)\b/.test(text) || text.startsWith("#!")) return undefined;
    return `var { dirname: __dirname, filename: __filename } = require(${source}).default; ${text}`;
  }
  return /\bimport\s*\.\s*meta\b/.test(text) ? `${text}\nimport ${metaName} from ${source};` : undefined;
}

function isCommonJs(text: string, extension: string): boolean {
  if (extension === ".cjs" || extension === ".cts") return true;
  if (extension !== ".js" || /^\s*(import|export)\b/m.test(text)) return false;
  return /\b(module\.exports|exports\.\w|require\s*\()/.test(text);
}
