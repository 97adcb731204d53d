/** Input fields that this surface does not take as typed text, and why. */
export interface FieldException {
  readonly operation: string;
  readonly field: string;
  readonly reason: string;
}

export const neverTyped: readonly FieldException[] = [
  {
    operation: "secrets_create",
    field: "values",
    reason:
      "what is typed on a command line can be read by other users of this machine and stays in the shell's history",
  },
];

export function reasonNotToType(operation: string, field: string): string | undefined {
  return neverTyped.find((one) => one.operation === operation && one.field === field)?.reason;
}

const pointsElsewhere =
  "an agent that could register an alias with an address of its own could send the secret linked to it anywhere";

/** Commands that no other surface has, since only the person at this machine may do it, and why. */
export const onlyHere: readonly { readonly command: string; readonly reason: string }[] = [
  { command: "secrets show", reason: "a value is shown to the person at this machine alone" },
  { command: "secrets set", reason: "only a person replaces a value, or says which workflows may read it" },
  { command: "secrets delete", reason: "a workflow that depends on a secret must not lose it to an agent" },
  {
    command: "secrets rotate",
    reason: "an agent that could change keys could shut other projects and processes out",
  },
  {
    command: "test",
    reason:
      "it reads and writes folders that the person at this machine names, and asks that person what its steps ask",
  },
  { command: "worker stop", reason: "an agent has no use for it, and whoever shares the worker would wait" },
  { command: "models register", reason: pointsElsewhere },
  { command: "models remove", reason: "a workflow that depends on an alias must not lose it to an agent" },
  { command: "models default", reason: "what model runs, and what it costs, is for a person to choose" },
];

export function reasonOnlyHere(command: string): string | undefined {
  return onlyHere.find((one) => one.command === command)?.reason;
}
