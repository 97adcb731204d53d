import { chmodSync, existsSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { json, savepoint } from "../../cli/command.ts";
import type { ScriptedModel } from "../../helpers/models/scripted-model.ts";
import type { TestProject } from "../../processes/project.ts";
import { artifactText, exampleProject, promptOf, scriptedOllama } from "./example-project.ts";

const plan = "# Endpoints\n\nGET /hello answers a greeting.";
const code = `=== FILE: pom.xml ===
<project/>

=== FILE: src/main/java/org/acme/Hello.java ===
\`\`\`java
class Hello {}
\`\`\`
=== END ===
That is all.`;

let project: TestProject;
let ollama: ScriptedModel;
let coderTakesMs: number;
beforeEach(async () => {
  coderTakesMs = 0;
  ollama = await scriptedOllama((prompt) => {
    if (prompt.includes("Plan a Quarkus service")) return plan;
    return { text: ["", code], pauseMs: coderTakesMs };
  });
  project = exampleProject({ OLLAMA_BASE_URL: ollama.baseUrl });
  maven('echo "in $(basename "$PWD"): mvn $*"; echo "Tests run: 1, Failures: 0"');
});
afterEach(async () => {
  await project.close();
  await ollama.close();
});

/** A program `mvn` that comes first on the PATH. */
function maven(script: string): void {
  chmodSync(project.write("bin/mvn", `#!/bin/sh\n${script}\n`), 0o755);
  project.env["PATH"] = `${project.path("bin")}:${process.env["PATH"]}`;
}

async function run(ends: number, ...args: string[]) {
  const inputs = ["-i", "name=shop", "-i", "goal=Greets whoever asks"];
  return (await json(project, ["run", "quarkus-bootstrap-v1", ...inputs, "--wait", "40", ...args], ends)).item;
}

const models = () => ollama.requests.map(({ asked }) => asked.model);

describe("a Quarkus project", () => {
  test("is planned, written by the plan, divided into files and tested", async () => {
    const item = await run(0);
    expect(item.result).toEqual({
      folder: "shop",
      files: ["shop/pom.xml", "shop/src/main/java/org/acme/Hello.java"],
      tests: "passed",
    });
    expect(models()).toEqual(["gemma3:27b", "qwen3-coder:latest"]);
    expect(promptOf(ollama.requests[1]?.body ?? {})).toContain(plan);
    expect(readFileSync(project.path("shop/PLAN.md"), "utf8")).toBe(plan);
    expect(readFileSync(project.path("shop/src/main/java/org/acme/Hello.java"), "utf8")).toBe("class Hello {}\n");
    expect(await artifactText(project, item.execution_id, "PLAN.md")).toContain("GET /hello");
    const report = await artifactText(project, item.execution_id, "maven-test.log");
    expect(report).toContain("in shop: mvn --batch-mode --no-transfer-progress test");
    expect(report).toContain("Tests run: 1");
  });

  test("fails with its tests, and their report is kept", async () => {
    maven('echo "Tests run: 1, Failures: 1"; echo "HelloTest: expected 200" >&2; exit 1');
    const item = await run(1);
    expect(item["failure"]).toMatchObject({ checkpoint: "build" });
    expect(JSON.stringify(item["failure"])).toContain("exit code 1");
    expect(await artifactText(project, item.execution_id, "maven-test.log")).toContain("HelloTest: expected 200");
    expect(existsSync(project.path("shop/pom.xml"))).toBe(true);
  });

  test("is refused before anything runs where its name is no folder's", async () => {
    const { code: ended, stderr } = await savepoint(project, [
      ...["run", "quarkus-bootstrap-v1", "-i", "name=../shop", "-i", "goal=x"],
    ]);
    expect(ended).toBe(2);
    expect(stderr).toContain("name");
    expect(ollama.requests).toEqual([]);
  });
});

describe("models are chosen", () => {
  test("by the environment before the workflow", async () => {
    Object.assign(project.env, { OLLAMA_PLANNER_MODEL: "small:1b", SAVEPOINT_MODEL_CODER: "ollama:coder:7b" });
    await run(0);
    expect(models()).toEqual(["small:1b", "coder:7b"]);
  });

  test("by the run before both", async () => {
    Object.assign(project.env, { OLLAMA_PLANNER_MODEL: "small:1b", SAVEPOINT_MODEL_CODER: "ollama:coder:7b" });
    await run(0, "--models", "planner=ollama:llama3.2", "--models", "coder=ollama:deepseek-coder");
    expect(models()).toEqual(["llama3.2", "deepseek-coder"]);
  });
});

describe("the time of the coder is limited", () => {
  beforeEach(() => {
    coderTakesMs = 1_200;
  });

  test("by nothing where nobody says so", async () => {
    expect((await run(0)).status).toBe("completed");
  });

  test("by the environment", async () => {
    project.env["SAVEPOINT_TIMEOUT_CODER"] = "1";
    const item = await run(1);
    expect(item["failure"]).toMatchObject({ checkpoint: "coder", origin: "timeout" });
  });

  test("by the run before the environment", async () => {
    project.env["SAVEPOINT_TIMEOUT_CODER"] = "1";
    expect((await run(0, "--timeouts", "coder=40m")).status).toBe("completed");
  });

  test("by the run alone", async () => {
    expect((await run(1, "--timeouts", "coder=1s"))["failure"]).toMatchObject({ checkpoint: "coder" });
  });
});
