import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { savepoint } from "../../cli/command.ts";
import { ollamaWire } from "../../helpers/models/chat-wire.ts";
import { type ScriptedModel, startScriptedModel } from "../../helpers/models/scripted-model.ts";
import { recordsOf, type Step } from "../../helpers/models/wire.ts";
import { TestProject } from "../../processes/project.ts";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));
export const examples = "examples/workflows";

/** A project with the shipped examples as its workflows. */
export function exampleProject(env: NodeJS.ProcessEnv = {}): TestProject {
  const project = new TestProject({ SAVEPOINT_WORKFLOWS: examples, ...env });
  cpSync(join(repository, examples), project.path(examples), { recursive: true });
  return project;
}

/** Runs git in a project, as somebody. */
export function git(project: TestProject, ...args: string[]): string {
  const who = { NAME: "Ada", EMAIL: "ada@example.org" };
  const names = ["AUTHOR", "COMMITTER"].flatMap((role) =>
    Object.entries(who).map(([key, value]) => [`GIT_${role}_${key}`, value]),
  );
  const env = { ...project.env, ...Object.fromEntries(names), GIT_CONFIG_GLOBAL: "/dev/null" };
  return execFileSync("git", args, { cwd: project.root, env, encoding: "utf8", stdio: "pipe" });
}

/** Commits a file for each subject, the oldest first. */
export function commit(project: TestProject, ...subjects: string[]): void {
  for (const subject of subjects) {
    project.write("changes.txt", `${project.lines("changes.txt").join("\n")}\n${subject}\n`);
    git(project, "add", "changes.txt");
    git(project, "commit", "--quiet", "-m", subject);
  }
}

/** What the command line shows of an artifact. */
export async function artifactText(project: TestProject, executionId: string, name: string): Promise<string> {
  return (await savepoint(project, ["artifacts", "get", "--execution-id", executionId, "--name", name])).stdout;
}

/** An Ollama whose answers follow from the prompts. Closed by the test. */
export function scriptedOllama(answer: (prompt: string, model: string) => string | Step): Promise<ScriptedModel> {
  return startScriptedModel(ollamaWire, (body) => {
    const said = answer(promptOf(body), String(body["model"]));
    return typeof said === "string" ? { text: [said] } : said;
  });
}

/** The whole conversation as text. */
export function promptOf(body: Record<string, unknown>): string {
  return recordsOf(body["messages"])
    .map(({ content }) =>
      typeof content === "string"
        ? content
        : recordsOf(content)
            .map(({ text }) => text)
            .join(""),
    )
    .join("\n\n");
}
