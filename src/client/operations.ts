import type { z } from "zod";
import { type CatalogueOperation, catalogue } from "../tools/catalogue.ts";
import type { ProgressReport } from "../tools/operation.ts";

export interface CallOptions {
  /** Ends the waiting of the call, never the execution. */
  signal?: AbortSignal | undefined;
  /** Told how an execution gets on while the call waits; on the local store only. */
  onProgress?: ((report: ProgressReport) => void) | undefined;
}

/** Performs an operation by its name. @throws UserError as the operation answers it */
export type Call = (name: string, args: object, options?: CallOptions) => Promise<Record<string, unknown>>;

type Name = CatalogueOperation["name"];
type Named<N extends Name> = Extract<CatalogueOperation, { name: N }>;
type Group<N extends Name> = N extends `${infer G}_${string}` ? G : never;
type Verb<N extends Name> = N extends `${string}_${infer V}` ? Camel<V> : never;
type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;
type Ungrouped = Exclude<Name, `${string}_${string}`>;

export type Arguments<N extends Name> = z.input<Named<N>["input"]>;
export type Answer<N extends Name> = z.output<Named<N>["output"]>;

/** An operation as a method: arguments and answers are those of its tool. */
export type Method<N extends Name> = (args: Arguments<N>, options?: CallOptions) => Promise<Answer<N>>;

/** Every operation of the catalogue: `executions_abort_wait` is `executions.abortWait`. */
export type Operations = {
  readonly [G in Group<Name>]: { readonly [N in Extract<Name, `${G}_${string}`> as Verb<N>]: Method<N> };
} & { readonly [N in Ungrouped]: Method<N> };

/** The methods, made from the catalogue like every other surface. */
export function operationsOn(call: Call): Operations {
  const methods: Record<string, unknown> = {};
  for (const { name } of catalogue) {
    const method = (args: object = {}, options?: CallOptions) => call(name, args, options);
    const [group = name, ...verb] = name.split("_");
    if (verb.length === 0) methods[name] = method;
    else methods[group] = { ...(methods[group] as object | undefined), [camelCase(verb)]: method };
  }
  return methods as unknown as Operations;
}

function camelCase([first = "", ...rest]: string[]): string {
  return [first, ...rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join("");
}
