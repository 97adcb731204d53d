import type { z } from "zod";
import type { App } from "../app.ts";
import type { WaitForm } from "./wait-form.ts";

export interface CallContext {
  readonly app: App;
  /** Fires when the caller no longer waits: that ends the waiting, never the execution. */
  readonly signal: AbortSignal;
  /** Told how an execution gets on while the call waits for it. */
  readonly progress?: ((report: ProgressReport) => void) | undefined;
  /** Sends the person at the client to a page; absent where the client cannot. */
  readonly askByUrl?: AskByUrl | undefined;
  /** Asks the person at the client what a wait asks; absent where the client cannot. */
  readonly askByForm?: AskByForm | undefined;
  /** Who calls, as it is recorded with an answer. */
  readonly caller?: string | undefined;
  /** What the caller may call; default: every operation there is. */
  readonly offered?: readonly Operation[] | undefined;
  /** Told of bugs and failures that the caller sees only a reference to. */
  readonly onProblem: (message: string, cause: unknown) => void;
}

/** What a handler may know besides. */
export interface HandlerContext extends CallContext {
  /** Every operation there is. */
  readonly operations: readonly Operation[];
}

/** The client's way to its person, past the model. */
export interface AskByUrl {
  /** What the client calls itself. */
  readonly client: string;
  /** Fires when the connection is gone by which the call would be answered. */
  readonly left?: AbortSignal | undefined;
  ask(page: { url: string; message: string; signal: AbortSignal }): AskedByUrl;
}

export interface AskedByUrl {
  /** Whether the person agreed to open the page. @throws what the client answered instead */
  readonly action: Promise<"accept" | "decline" | "cancel">;
  /** Tells the client that the page has been answered. */
  complete(): Promise<void>;
}

/** The client's way to its person, in a form of its own. */
export interface AskByForm {
  /** What the client calls itself. */
  readonly client: string;
  /** Fires when the connection is gone by which the call would be answered. */
  readonly left?: AbortSignal | undefined;
  /** @throws what the client answered instead, or that nobody answered in time */
  ask(question: { message: string; form: WaitForm; signal: AbortSignal }): Promise<AskedByForm>;
}

export interface AskedByForm {
  readonly action: "accept" | "decline" | "cancel";
  /** The fields of the form, by name. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface ProgressReport {
  /** Completed checkpoints, and a little more for each report between two of them: it rises with every report. */
  completed: number;
  message: string;
}

/** What a client may rely on when it decides whether to ask its user. */
export interface Annotations {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

type StrictObject = z.ZodObject<z.core.$ZodLooseShape, z.core.$strict>;

/** An operation as data: MCP tools, REST routes, commands and client methods are made from it. */
export interface Operation<Input extends StrictObject = StrictObject, Output extends z.ZodType = z.ZodType> {
  /** `group_verb`. */
  readonly name: string;
  readonly title: string;
  /** What it does, when to use it, what comes next. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /** What listings show instead of `output`, where another operation shows it in full. */
  readonly outputShown?: z.ZodType;
  readonly annotations: Annotations;
  /** Arguments whose values are secret: no error repeats them, and no command line takes them. */
  readonly sensitive?: readonly string[];
  /** Arguments that are valid, for hints. */
  readonly example: z.input<Input>;
  handler(context: HandlerContext, input: z.output<Input>): Promise<z.input<Output>>;
}

/** Keeps the literal name, by which the client's methods get their types. */
export function defineOperation<const Name extends string, Input extends StrictObject, Output extends z.ZodType>(
  operation: Operation<Input, Output> & { readonly name: Name },
): Operation<Input, Output> & { readonly name: Name } {
  return operation;
}

/** Reads, and changes nothing. */
export const reading: Annotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
