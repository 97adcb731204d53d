import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { App } from "../../app.ts";
import { UserError } from "../../core/errors.ts";
import { decodeForDisplay } from "../../core/values.ts";
import { withApp } from "../local-app.ts";
import type { Session } from "../session.ts";
import { recordedSteps, type Visit } from "./recorded-steps.ts";
import type { TestPlan } from "./run-test.ts";

export interface Recorded {
  execution_id: string;
  folder: string;
  written: string[];
  /** What was left out, and why. */
  notes: string[];
}

interface NewFile {
  file: string;
  text: string;
}

/** Writes what an execution recorded as fixtures, and its result as what a test expects. @throws UserError where a file would be overwritten */
export function recordFixtures(session: Session, { workflow, folder, options }: TestPlan): Promise<Recorded> {
  return withApp(session, async (app) => {
    const execution = app.findExecution(options.record ?? "");
    const found = await app.workflows.find(workflow);
    const definition = found.kind === "definition" ? found.definition.definition : undefined;
    if (definition === undefined || execution.workflow !== definition.name) {
      throw new UserError("invalid_input", `--record: ${execution.id} ran ${execution.workflow}, and not ${workflow}`, {
        hint: `savepoint list --workflow ${workflow} shows its executions; a flow has no fixtures.`,
      });
    }
    const entries = app.store.journal.load(execution.seq);
    const visits = recordedSteps(definition, entries, (column) => decodeForDisplay(app.store.payloads.read(column)));
    const notes: string[] = [];
    const secret = stepsWithSecrets(app, visits);
    notes.push(...secret.map((id) => `${id} was left out: a secret stands in its output.`));
    const files = filesOf(visits.filter(({ id }) => !secret.includes(id)));
    const result = execution.status === "completed" ? execution.result : null;
    const whole = { "inputs.json": execution.input, "expected.json": result };
    for (const [file, column] of Object.entries(whole)) {
      if (column !== null) files.push(jsonFile(file, decodeForDisplay(app.store.payloads.read(column))));
    }
    const kept = files.filter(({ text }) => app.store.protection.redact(text) === text);
    const left = files.filter((one) => !kept.includes(one));
    notes.push(...left.map(({ file }) => `${file} was left out: a secret stands in it.`));
    if (!options.overwrite) refuseOverwriting(folder, kept);
    mkdirSync(folder, { recursive: true });
    for (const { file, text } of kept) writeFileSync(join(folder, file), text);
    return { execution_id: execution.id, folder, written: kept.map(({ file }) => file), notes };
  });
}

/** Without one of its visits the others would be taken for each other. */
function stepsWithSecrets({ store }: App, visits: readonly Visit[]): string[] {
  const { protection } = store;
  const found = visits.filter(({ value }) => !isDeepStrictEqual(protection.redactValue(value), value));
  return [...new Set(found.map(({ id }) => id))];
}

/** Visits of one step in the order of their passes; those that failed have files of their own. */
function filesOf(visits: readonly Visit[]): NewFile[] {
  const ids = [...new Set(visits.map(({ id }) => id))];
  return ids.flatMap((id) => {
    const own = visits.filter((one) => one.id === id);
    const failed = own.filter((one) => one.isFailure);
    const values = own.filter((one) => !one.isFailure).map(({ value }) => value);
    const errors = failed.map(({ place, value }) => {
      const name = own.length === 1 || place === "" ? id : `${place.replaceAll("/", ".")}.${id}`;
      return jsonFile(`${name}.error.json`, value);
    });
    if (values.length === 0) return errors;
    const isOne = own.length === 1;
    const lines = values.map((value) => JSON.stringify(value)).join("\n");
    return [
      ...errors,
      isOne ? jsonFile(`${id}.output.json`, values[0]) : { file: `${id}.output.jsonl`, text: `${lines}\n` },
    ];
  });
}

function jsonFile(file: string, value: unknown): NewFile {
  return { file, text: `${JSON.stringify(value ?? null, null, 2)}\n` };
}

function refuseOverwriting(folder: string, files: readonly NewFile[]): void {
  const there = files.map(({ file }) => file).filter((file) => existsSync(join(folder, file)));
  if (there.length === 0) return;
  throw new UserError("conflict", `--record: ${folder} has ${there.join(", ")} already`, {
    hint: "Name an empty folder, or pass --overwrite. Nothing was written.",
    details: { files: there },
  });
}
