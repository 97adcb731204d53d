import { posix } from "node:path";
import type { Step } from "../../definitions/model/steps.ts";
import { save } from "../../flows/artifacts.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { workspaceOf } from "../workspace.ts";
import { contentOf, fileList } from "../writing/file-list.ts";
import { type FileToWrite, writeFiles } from "../written-files.ts";

const longestName = 200;

type WriteFileStep = Extract<Step, { type: "write_file" }>;

/** Writes one file, or the many that a model has written into one text. Each becomes an artifact as well. */
export async function writeFileStep(run: StepRun<WriteFileStep>): Promise<StepOutcome> {
  const { step } = run;
  const folder = step.path === undefined ? "." : run.text(step.path);
  const isMany = step.files !== undefined;
  const given = run.value(isMany ? step.files : step.content);
  const output = await run.checkpoint(
    [{ path: folder, ...(isMany ? { files: given } : { content: given }) }],
    async () => {
      const files = isMany ? within(folder, fileList(given)) : [{ path: folder, content: contentOf(given) }];
      const written = await writeFiles(workspaceOf(run), files);
      if (step.save_artifact !== false)
        await saveAll(
          run,
          files,
          written.map(({ path }) => path),
        );
      return isMany ? { folder, files: written } : written[0];
    },
  );
  return { output, hasSavedArtifact: true };
}

function within(folder: string, files: readonly FileToWrite[]): FileToWrite[] {
  return files.map(({ path, content }) => ({ path: underFolder(folder, path), content }));
}

/** A path that leads out of the folder is left as it is, for the error to name it. */
function underFolder(folder: string, path: string): string {
  const plain = path.replaceAll("\\", "/");
  const joined = posix.join(folder, plain);
  const way = posix.relative(folder, joined);
  return posix.isAbsolute(plain) || way === ".." || way.startsWith("../") ? plain : joined;
}

async function saveAll(
  { step, text }: StepRun<WriteFileStep>,
  files: readonly FileToWrite[],
  paths: readonly string[],
): Promise<void> {
  const named =
    typeof step.save_artifact === "string" && step.files === undefined ? text(step.save_artifact) : undefined;
  await Promise.all(files.map(({ content }, index) => save(named ?? nameOf(paths[index] ?? ""), content)));
}

/** The end of a path says more than its beginning. */
function nameOf(path: string): string {
  return path.slice(-longestName);
}
