import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Example {
  /** Where it stands, for messages. */
  source: string;
  /** The file that it is meant to be, from its first line; else one of its own. */
  file: string;
  code: string;
}

function examplesOf(page: string): Example[] {
  const blocks = [...readFileSync(`${root}${page}`, "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  return blocks.map(([, code = ""], index) => ({
    source: `${page}, example ${index + 1}`,
    file: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `${page.replace(/\W/g, "_")}_${index}.ts`,
    code,
  }));
}

/** What the compiler says of an example that stands where a project's own file would. */
function problemsOf(examples: Example[]): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}tsconfig.json`,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  );
  const options = { ...config?.options, noEmit: true };
  const files = new Map(examples.map(({ file, code }) => [`${root}examples/${file}`, `${code}\nexport {};\n`]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, languageVersion) => {
    const code = files.get(path);
    return code === undefined ? getSourceFile(path, languageVersion) : ts.createSourceFile(path, code, languageVersion);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(
      ({ messageText }) => `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
}

const pages = [
  "README.md",
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

test.each(pages)("the TypeScript in %s compiles", (page) => {
  const shared = examplesOf("docs/quickstart.md").filter(({ file }) => file === "flows/review.ts");
  const examples = examplesOf(page);
  expect(problemsOf([...shared, ...examples])).toEqual([]);
});

test("the guides do hold examples", () => {
  expect(pages.flatMap(examplesOf).length).toBeGreaterThan(3);
});
