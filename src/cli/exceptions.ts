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
