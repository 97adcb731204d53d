import { UserError } from "../core/errors.ts";
import { packageName } from "./packages.ts";
import type { Project } from "./project.ts";
import { insideProject } from "./project.ts";

/** The file that `package/module` means in the project's own `node_modules`, relative to the project root. */
export async function packageFile(project: Project, specifier: string): Promise<string | undefined> {
  if (packageName(specifier) === undefined) return undefined;
  const path = await resolveImport(project, specifier);
  return path === undefined ? undefined : insideProject(project, path, specifier);
}

/** esbuild answers by the rules of `import`, conditions and all; Node itself would only do so for its own modules. */
async function resolveImport(project: Project, specifier: string): Promise<string | undefined> {
  const { build } = await import("esbuild");
  let found: string | undefined;
  await build({
    stdin: { contents: "", resolveDir: project.root },
    absWorkingDir: project.root,
    platform: "node",
    format: "esm",
    write: false,
    bundle: true,
    logLevel: "silent",
    plugins: [
      {
        name: "savepoint-package",
        setup(setup) {
          setup.onStart(async () => {
            const { path, errors, namespace, external } = await setup.resolve(specifier, {
              kind: "import-statement",
              resolveDir: project.root,
            });
            if (errors.length === 0 && !external && namespace === "file") found = path;
          });
        },
      },
    ],
  });
  return found;
}

export function unknownPackage(specifier: string, flow: string): UserError {
  return new UserError("not_found", `There is no module ${JSON.stringify(specifier)} in the project's node_modules`, {
    hint: `Install the package, or name a file: path/to/file.ts:${flow}.`,
    details: { field: "target" },
  });
}
