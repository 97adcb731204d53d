import { z } from "zod";
import type { App } from "../app.ts";
import { UserError } from "../core/errors.ts";
import { callText } from "./display.ts";
import { defineOperation } from "./operation.ts";
import { ownWords } from "./own-words.ts";
import { secretSchema, secretView } from "./secret-view.ts";
import { askForSecret } from "./secrets-ask.ts";

const texts = () => z.record(z.string(), z.string()).optional();

const input = z.strictObject({
  name: z.string().min(1).describe('How workflows name it: secret("github", "TOKEN").'),
  ask: z
    .array(z.string())
    .optional()
    .describe('["KEY"]: the person types them on a page; the call waits, up to 10 minutes.'),
  from_env: texts().describe("{ KEY: VARIABLE }: environment variables of the server."),
  from_file: texts().describe("{ KEY: path }: files of the project."),
  values: texts().describe("{ KEY: value }: for scripts; the values stay in this conversation."),
  workflows: z.array(z.string()).optional().describe("Only their executions may read it; default: all."),
  private: z.boolean().default(false).describe("Recorded as its visibility."),
});

const sources = ["ask", "from_env", "from_file", "values"] as const;

export const secretsCreate = defineOperation({
  name: "secrets_create",
  title: "Create a secret",
  description:
    "Stores a secret, encrypted, for checkpoints to read with secret(name, key). Prefer ask, from_env or from_file: they keep the value out of the conversation. " +
    "Answers metadata, never a value; from then on the values are redacted from results, logs and artifacts. An existing name is a conflict: " +
    "a person changes it with `savepoint secrets set`.",
  input,
  output: z.object({ ...secretSchema.shape, warnings: z.array(z.string()) }),
  outputShown: z.looseObject({ name: z.string(), keys: z.array(z.string()), warnings: z.array(z.string()) }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  sensitive: ["values"],
  example: { name: "github", from_env: { TOKEN: "GITHUB_TOKEN" } },
  async handler(context, args) {
    const { secrets } = context.app;
    refuseAllButOne(args);
    const { name, workflows } = args;
    const visibility = args.private ? ("private" as const) : ("shared" as const);
    const about = { name, visibility, workflows, words: ownWords(context.operations) };
    const { secret, warnings } =
      args.ask === undefined
        ? secrets.create({ ...about, values: valuesOf(context.app, args) })
        : await askForSecret(context, { ...about, keys: args.ask });
    return { ...secretView(secret), warnings };
  },
});

function refuseAllButOne(args: z.output<typeof input>): void {
  const given = sources.filter((source) => args[source] !== undefined);
  if (given.length === 1) return;
  const what = given.length === 0 ? "none is given" : `${given.join(" and ")} are given`;
  throw new UserError("invalid_input", `secrets_create takes one of ${sources.join(", ")}; ${what}`, {
    hint: `Example: ${callText("secrets_create", secretsCreate.example)}. Nothing was stored.`,
  });
}

function valuesOf(app: App, args: z.output<typeof input>): Record<string, string> {
  if (args.from_env !== undefined) return app.secretSources.fromEnv(args.from_env);
  if (args.from_file !== undefined) return app.secretSources.fromFiles(args.from_file, "agent");
  return args.values ?? {};
}
