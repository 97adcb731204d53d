import type { Limits } from "../core/guardrails.ts";
/** Reads and keeps what is known of versions; the app implements it on the database. */
export interface VersionCatalog {
  find(hash: string): Version | undefined;
  save(version: Version): void;
}

/** The immutable content of a workflow, as it was when it was bundled. */
export interface Version {
  /** A definition has one workflow, and no code of its own but functions. Default: flows. */
  kind?: "definition";
  /** SHA-256 of the bundled bytes, the source path and the versions of the external packages, in hex. */
  hash: string;
  /** POSIX path of the entry file, relative to the project root. */
  sourcePath: string;
  /** External packages that the bundle imports, by the version that was resolved. */
  dependencies: Record<string, string>;
  flows: DescribedFlow[];
  /** Of a definition, at any depth. */
  steps?: { id: string; type: string }[];
  /** Names declared with `checkpoint(...)` while the module loaded, or of the steps that are checkpoints. */
  checkpoints: string[];
}

export interface DescribedFlow {
  exportName: string;
  /** Further exports that are the same flow, `default` for example. */
  aliases?: string[];
  name: string;
  inputSchema: Record<string, unknown> | null;
  options: FlowOptions;
}

/** The options of a flow as JSON; those named here are the ones that others read. */
export interface FlowOptions {
  retries?: number;
  timeoutMs?: number | null;
  description?: string;
  limits?: Limits;
  [option: string]: unknown;
}

export interface ResolvedFlow {
  version: Version;
  flow: DescribedFlow;
}

/** The flow that an author means by a name: an export of that name, else a flow that calls itself so. */
export function flowNamed(flows: readonly DescribedFlow[], name: string): DescribedFlow | undefined {
  return (
    flows.find((flow) => flow.exportName === name) ??
    flows.find((flow) => flow.aliases?.includes(name) === true) ??
    flows.find((flow) => flow.name === name)
  );
}

/** How a workflow is written as a target: by its file, and where that may hold several, by its name. */
export function targetOf({ kind, sourcePath }: Pick<Version, "kind" | "sourcePath">, flow: DescribedFlow): string {
  if (kind === "definition") return sourcePath;
  return `${sourcePath}:${flow.exportName === "default" ? flow.name : flow.exportName}`;
}
