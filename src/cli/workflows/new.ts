import { UserError } from "../../core/errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { glyph } from "../style.ts";
import { type TemplateKind, templateOf } from "./templates.ts";

export interface NewOptions {
  withSteps?: boolean;
  withTools?: boolean;
  agent?: boolean;
}

export async function newWorkflow(session: Session, name: string, options: NewOptions): Promise<number> {
  const template = templateOf(name, { kind: kindOf(options), hasTools: options.withTools === true });
  const { path } = await withApp(session, ({ workflows }) => workflows.save({ name, ...template, overwrite: false }));
  const { output, command } = session;
  if (output.isJson) {
    output.json({ command, item: { name, target: path, created: true } });
    return exitCodes.ok;
  }
  output.print(`${glyph("completed", output.style)} ${path} is written.`);
  output.notice(`Write what it is to do, then: savepoint workflows validate ${name} && savepoint run ${name} --follow`);
  return exitCodes.ok;
}

function kindOf({ withSteps, withTools, agent }: NewOptions): TemplateKind {
  if (agent !== true) return withSteps === true ? "steps" : "plain";
  if (withSteps !== true && withTools !== true) return "agent";
  throw new UserError("invalid_input", "--agent is for a definition without steps", {
    hint: "Leave --agent out, or --with-steps and --with-tools.",
  });
}
