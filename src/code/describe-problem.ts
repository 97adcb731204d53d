import { UserError } from "../core/errors.ts";
import { didYouMean } from "../core/suggest.ts";
import type { Bundle } from "./bundle.ts";
import type { Outcome } from "./describe-process.ts";
import type { Thrown } from "./description.ts";
import { type Project, withoutRoot } from "./project.ts";
import { type Place, placeInHeader, placeInStack, sourceLine } from "./stack-place.ts";

type Failed = Exclude<Outcome["end"], { kind: "described" }>;

interface Problem {
  text: string;
  hint: string;
  place?: Place | undefined;
}

/** Why a bundle could not be described, as an error that names the place in the author's file. */
export function describeProblem(
  project: Project,
  bundle: Bundle,
  failed: { end: Failed; output: string; limitMs: number },
): UserError {
  const { text, hint, place } = problemOf(project, bundle, failed);
  const at = place === undefined ? bundle.sourcePath : `${place.file}:${place.line}:${place.column}`;
  const output = withoutRoot(project, failed.output.trim());
  return new UserError("invalid_input", `${at}: ${withoutRoot(project, text).slice(0, longest)}`, {
    hint,
    details: {
      file: bundle.sourcePath,
      ...place,
      ...(place !== undefined && { source_line: sourceLine(project, place) }),
      ...(output !== "" && { output }),
    },
  });
}

const longest = 2_000;
const misuseHint = "Correct the call at this place, and run the workflow again.";
const atTopLevel =
  "Code at the top level of a flow's file runs whenever the file is loaded: move this into the flow or a checkpoint.";

function problemOf(
  project: Project,
  _bundle: Bundle,
  { end, output, limitMs }: { end: Failed; output: string; limitMs: number },
): Problem {
  switch (end.kind) {
    case "threw":
      return thrownProblem(project, end.thrown);
    case "exits":
      return {
        text: `calls process.exit(${end.exitCode}) while it loads`,
        hint: atTopLevel,
        place: placeInStack(project, end.stack),
      };
    case "undescribable":
      return {
        text: `the input schema of the flow "${end.flow}" cannot be expressed as JSON Schema: ${end.message}`,
        hint: "Use zod types that JSON Schema knows, or give a JSON Schema as `input`; refinements are allowed, transforms are not.",
      };
    case "never_settles":
      return {
        text: "did not finish loading: a top-level await waits for something that never happens",
        hint: atTopLevel,
      };
    case "timed_out":
      return { text: `did not finish loading within ${limitMs / 1_000} s`, hint: atTopLevel };
    case "died":
      return { text: deathOf(end, output), hint: atTopLevel };
    default:
      return end satisfies never;
  }
}

function deathOf({ exitCode, signal }: { exitCode: number | null; signal: string | null }, output: string): string {
  if (output.includes("heap out of memory")) return "ran out of memory while it loads";
  if (signal !== null) return `crashed with ${signal} while it loads`;
  return `ended its process with code ${exitCode} while it loads`;
}

function thrownProblem(project: Project, thrown: Thrown): Problem {
  const { name, message, stack } = thrown;
  if (name === undefined)
    return { text: `throws ${message} while it loads (not an Error, so the line is unknown)`, hint: atTopLevel };
  const missing = /^Cannot find (?:package '([^']+)'|module '([^']+)')/.exec(message);
  if (missing !== null) return missingProblem(message, missing[1]);
  const unlinked = placeInHeader(project, stack);
  if (unlinked !== undefined) return { text: message, hint: exportHint(thrown), place: unlinked };
  // Its message says what is wrong and what to write; that the file is loaded has nothing to do with it.
  if (name === "MisuseError") return { text: message, hint: misuseHint, place: placeInStack(project, stack) };
  const what = name === "Error" ? message : `${name}: ${message}`;
  return { text: `throws while it loads: ${what}`, hint: atTopLevel, place: placeInStack(project, stack) };
}

function missingProblem(message: string, name: string | undefined): Problem {
  const hint = name === undefined ? "Correct the import." : `Run \`npm install ${name}\` in the project.`;
  return { text: message, hint };
}

function exportHint({ message, exports }: Thrown): string {
  const wanted = /export named '([^']+)'/.exec(message)?.[1];
  const near = wanted === undefined ? undefined : didYouMean(wanted, exports ?? []);
  return near ?? "Import a name that the module exports.";
}
