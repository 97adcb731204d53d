import { uuidv7 } from "uuidv7";

/** A new id: unique everywhere, sorted by the time of its making. */
export function newId(): string {
  return uuidv7();
}
