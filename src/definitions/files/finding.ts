import { UserError } from "../../core/errors.ts";
import { nearest } from "../../core/suggest.ts";

interface Named {
  name: string;
  target: string;
}

export function unknownName(wanted: string, workflows: readonly Named[]): UserError {
  const candidates = nearest(
    wanted,
    workflows.map(({ name }) => name),
  );
  const near = candidates.map((one) => JSON.stringify(one)).join(" or ");
  return new UserError("not_found", `there is no workflow ${JSON.stringify(wanted.slice(0, 100))}`, {
    hint: near === "" ? "workflows_list shows what there is." : `Did you mean ${near}? workflows_list shows all.`,
    details: { field: "workflow", candidates },
  });
}

export function unknownFile(path: string, known: readonly string[]): UserError {
  const candidates = nearest(path, known);
  const near = candidates.map((one) => JSON.stringify(one)).join(" or ");
  return new UserError("not_found", `there is no file ${path}`, {
    hint: near === "" ? "workflows_list shows the targets that there are." : `Did you mean ${near}?`,
    details: { field: "path", candidates },
  });
}

export function ambiguousName(name: string, workflows: readonly Named[]): UserError {
  const candidates = workflows.map(({ target }) => target);
  return new UserError("ambiguous", `${workflows.length} workflows are called ${name}: ${candidates.join(", ")}`, {
    hint: `Name one by its target, for example ${JSON.stringify(candidates[0])}.`,
    details: { field: "workflow", candidates },
  });
}

export function flowIsNoFile({ name, target }: Named): UserError {
  return new UserError("conflict", `${name} is a flow already: ${target}`, {
    hint: "Choose another name: a name must mean one workflow.",
    details: { field: "name" },
  });
}
