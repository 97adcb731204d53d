import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { BuildOptions, OutputFile } from "esbuild";
import { bundleProblem } from "./bundle-problem.ts";
import { importsPlugin } from "./imports.ts";
import type { Project } from "./project.ts";
import { sourceMetaBanner, sourceMetaDefine, sourceMetaPlugin, withoutSourceMeta } from "./source-meta.ts";

export interface Bundle {
  hash: string;
  sourcePath: string;
  dependencies: Record<string, string>;
  code: string;
  map: string;
}

/** Bundles a file of the project into one ES module whose bytes do not depend on where the project lies. */
export function bundleFile(project: Project, sourcePath: string): Promise<Bundle> {
  return bundle(project, sourcePath, { entryPoints: [`./${sourcePath}`] });
}

/** The same for a text that stands for a file, and imports others from a folder of the project. */
export function bundleText(
  project: Project,
  sourcePath: string,
  { contents, folder }: { contents: string; folder: string },
): Promise<Bundle> {
  return bundle(project, sourcePath, { stdin: { contents, resolveDir: folder, sourcefile: sourcePath, loader: "js" } });
}

async function bundle(
  project: Project,
  sourcePath: string,
  entry: Pick<BuildOptions, "entryPoints" | "stdin">,
): Promise<Bundle> {
  const { build } = await import("esbuild");
  const found = new Map<string, string>();
  const options = { ...bundleOptions(project, sourcePath, found), ...entry };
  try {
    const { outputFiles } = await build({ ...options, ...withMeta(project, sourcePath, options) });
    const dependencies = sorted(found);
    const code = textOf(outputFiles, ".mjs");
    return {
      hash: hashOf({ sourcePath, dependencies, code }),
      sourcePath,
      dependencies,
      code,
      map: cleanMap(textOf(outputFiles, ".map")),
    };
  } catch (error) {
    // Without what was added to the sources, an error at the end of a file stands where the author sees it.
    const plain: unknown = await build(options).then(
      () => error,
      (failure: unknown) => failure,
    );
    throw bundleProblem(project, plain);
  }
}

export function hashOf({
  sourcePath,
  dependencies,
  code,
}: Pick<Bundle, "sourcePath" | "dependencies" | "code">): string {
  const head = JSON.stringify({ format: 1, sourcePath, dependencies: Object.entries(dependencies).sort(byKey) });
  return createHash("sha256").update(`${head}\n`).update(code).digest("hex");
}

function bundleOptions(project: Project, sourcePath: string, dependencies: Map<string, string>) {
  return {
    absWorkingDir: project.root,
    outfile: join(project.versionsFolder, "version.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    packages: "external",
    sourcemap: "external",
    sourcesContent: true,
    // Names of functions and error classes are seen by authors; "pure" code may declare checkpoints all the same.
    keepNames: true,
    ignoreAnnotations: true,
    charset: "utf8",
    write: false,
    logLevel: "silent",
    plugins: [importsPlugin(project, dirname(join(project.root, sourcePath)), dependencies)],
  } satisfies BuildOptions;
}

function withMeta(project: Project, sourcePath: string, { plugins }: { plugins: BuildOptions["plugins"] & object }) {
  return {
    define: sourceMetaDefine,
    banner: { js: sourceMetaBanner(project, sourcePath) },
    plugins: [sourceMetaPlugin(project), ...plugins],
  } satisfies BuildOptions;
}

function textOf(files: OutputFile[], ending: string): string {
  const file = files.find(({ path }) => path.endsWith(ending));
  if (file === undefined) throw new Error(`esbuild gave no ${ending} file`);
  return file.text;
}

/** Takes out of a source map what was added to the sources, so that tools show them as they are. */
function cleanMap(text: string): string {
  const map: unknown = JSON.parse(text);
  if (typeof map !== "object" || map === null || !("sourcesContent" in map) || !Array.isArray(map.sourcesContent))
    return text;
  const sourcesContent = map.sourcesContent.map((source) =>
    typeof source === "string" ? withoutSourceMeta(source) : source,
  );
  return JSON.stringify({ ...map, sourcesContent });
}

function sorted(found: Map<string, string>): Record<string, string> {
  return Object.fromEntries([...found].sort(byKey));
}

function byKey([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
