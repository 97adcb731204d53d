import type { App } from "../app.ts";
import { messageOf, UserError } from "../core/errors.ts";
import { shellWord } from "../core/shell-word.ts";
import type { AskedByUrl, CallContext } from "./operation.ts";

type StoredSecret = ReturnType<App["secrets"]["create"]>;

interface AskedSecret {
  name: string;
  keys: readonly string[];
  visibility: "private" | "shared";
  workflows: readonly string[] | undefined;
  /** Words that no value may hide. */
  words: readonly string[];
}

/**
 * Lets the person at the client type the values on a page of their own, and waits for that.
 * @throws UserError `unsupported` where the client cannot ask, `forbidden` when the person does not want to,
 * `unavailable` when nobody answered; nothing is stored then
 */
export async function askForSecret(context: CallContext, secret: AskedSecret): Promise<StoredSecret> {
  const { app, askByUrl } = context;
  const { name, visibility, workflows, words } = secret;
  const keys = app.secrets.checkNew(secret, "ask");
  const command = commandFor({ ...secret, keys });
  if (askByUrl === undefined) throw cannotAsk(command);
  const answered = new AbortController();
  const ended = askByUrl.left === undefined ? context.signal : AbortSignal.any([context.signal, askByUrl.left]);
  const page = await app.secretPages.open({
    name,
    keys,
    program: askByUrl.client,
    project: app.config.projectRoot,
    workflows: workflows ?? null,
    signal: ended,
    words,
    accept: (values) => app.secrets.create({ name, values, visibility, workflows, words }),
  });
  try {
    const signal = AbortSignal.any([ended, answered.signal]);
    const message = `Savepoint needs ${keys.join(", ")} of the secret "${name}". Type ${keys.length === 1 ? "it" : "them"} on this page, in a browser on the machine that Savepoint runs on; the values go nowhere else.`;
    const asked = askByUrl.ask({ url: page.url, message, signal });
    const stored = await Promise.race([page.answered, refusalOf(asked, command)]);
    await asked.complete();
    return stored;
  } finally {
    answered.abort();
    page.end();
  }
}

/** Never resolves: that the person agreed to open the page says nothing of what they do there. */
async function refusalOf({ action }: AskedByUrl, command: string): Promise<never> {
  const chosen = await action.catch((error: unknown) => {
    throw new UserError("unavailable", `the client could not ask: ${messageOf(error)}; nothing was stored`, {
      hint: `Let the person type it in a terminal: \`${command}\`.`,
      cause: error,
    });
  });
  if (chosen === "accept") return new Promise<never>(() => {});
  const what = chosen === "decline" ? "declined" : "dismissed the question";
  throw new UserError("forbidden", `the person ${what}: nothing was stored`, {
    hint: `Ask them why before you ask again. They can type it in a terminal: \`${command}\`.`,
  });
}

function cannotAsk(command: string): UserError {
  return new UserError("unsupported", "this client cannot send its person to a page: nothing was stored", {
    hint: `Let the person type it in a terminal, where nothing is shown: \`${command}\`.`,
  });
}

function commandFor({ name, keys, visibility, workflows = [] }: AskedSecret): string {
  const scope = workflows.flatMap((one) => ["--workflow", shellWord(one)]);
  const flags = visibility === "private" ? ["--private", ...scope] : scope;
  return ["savepoint secrets set", name, ...keys, ...flags].join(" ");
}
