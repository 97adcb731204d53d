import { posix } from "node:path";
import type { Step } from "../../definitions/model/steps.ts";
import { save } from "../../flows/artifacts.ts";
import { StepFailed } from "../../flows/errors.ts";
import type { StepOutcome, StepRun } from "../step-kind.ts";
import { writePlaceOf } from "../workspace.ts";
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
      const name = artifactName(run);
      if (step.save_artifact !== false) for (const { path } of files) refuseSecret(run, name ?? path);
      const written = await writeFiles(writePlaceOf(run), files);
      if (step.save_artifact !== false) {
        await Promise.all(files.map(({ content }, at) => save(name ?? nameOf(written[at]?.path ?? ""), content)));
      }
      return isMany ? { folder, files: written } : written[0];
    },
  );
  return { output, hasSavedArtifact: true };
}

/** Undefined where each file gives its artifact the name. */
function artifactName({ step, text }: StepRun<WriteFileStep>): string | undefined {
  return typeof step.save_artifact === "string" && step.files === undefined ? text(step.save_artifact) : undefined;
}

/** Names of artifacts are kept in the clear. Told before a file is there that nobody will hear of. */
function refuseSecret({ step, ports }: StepRun<WriteFileStep>, name: string): void {
  if (ports.redact(name) === name) return;
  throw new StepFailed(step.id, "the name of a file or its artifact holds the value of a secret", {
    code: "forbidden",
    hint: "Choose another path, or another name in save_artifact.",
  });
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

/** The end of a path says more than its beginning. */
function nameOf(path: string): string {
  return path.slice(-longestName);
}
