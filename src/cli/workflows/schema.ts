import { definitionJsonSchema } from "../../app.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Session } from "../session.ts";

/** The schema itself, in every format: it is written into a file. */
export async function printSchema({ output }: Session): Promise<number> {
  output.print(JSON.stringify(definitionJsonSchema(), null, 2));
  return exitCodes.ok;
}
