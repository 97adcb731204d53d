import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { messageOf } from "../../core/errors.ts";
import { type Problem, type ProblemCode, problemsOf, startOfFile } from "../problem.ts";
import { type DefinitionSource, largestFileBytes } from "../reading/document.ts";

export type SourceReading = { source: DefinitionSource } | { problems: Problem[] };

/** Reads a file of the workflows folder: text of a bearable size, inside the folder when links are followed. */
export function readSource(folder: string, path: string): SourceReading {
  let file: number | undefined;
  try {
    const real = realpathSync.native(join(folder, path));
    if (!isInside(realpathSync.native(folder), real)) {
      return refused(
        path,
        "hostile",
        "the file leads out of the workflows folder",
        "Put the file itself into the folder.",
      );
    }
    // A pipe would otherwise wait for somebody to write.
    file = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size, isRegular } = statOf(file);
    if (!isRegular) return refused(path, "not_readable", "this is no file");
    if (size > largestFileBytes) {
      const hint = "Move data and long prompts into files that a step reads.";
      return refused(path, "too_large", `the file has ${size} bytes; ${largestFileBytes} is the limit`, hint);
    }
    return { source: { path, text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)) } };
  } catch (error) {
    const message = error instanceof TypeError ? "it is not UTF-8 text" : messageOf(error).replaceAll(folder, "");
    return refused(path, "not_readable", `the file cannot be read: ${message}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function statOf(file: number): { size: number; isRegular: boolean } {
  const stat = fstatSync(file);
  return { size: stat.size, isRegular: stat.isFile() };
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function refused(path: string, code: ProblemCode, message: string, hint?: string): SourceReading {
  return { problems: problemsOf(path, [{ code, at: startOfFile, field: "", message, hint }]) };
}
