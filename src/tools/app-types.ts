import type { App } from "../app.ts";

/** Types of the layers below, by the way in which the app hands them out. */
export type Execution = ReturnType<App["findExecution"]>;
export type EntryOverview = ReturnType<App["listings"]["journal"]["entries"]>[number];
export type JournalEntry = NonNullable<ReturnType<App["store"]["journal"]["find"]>>;
export type Artifact = NonNullable<ReturnType<App["store"]["artifacts"]["find"]>>;
export type ExecutionSummary = Awaited<ReturnType<App["listings"]["executions"]>>["items"][number];
export type BudgetRow = NonNullable<ReturnType<App["store"]["budgets"]["find"]>>;
export type PendingWait = Awaited<ReturnType<App["listings"]["waits"]>>["items"][number];
export type LogLine = Awaited<ReturnType<App["listings"]["logs"]>>["items"][number];
export type EventRow = Awaited<ReturnType<App["listings"]["events"]>>["items"][number];
export type ResolvedFlow = Awaited<ReturnType<App["code"]["resolve"]>>;
export type ReplayPlan = Awaited<ReturnType<App["engine"]["replay"]>>["plan"];
export type WorkerRow = ReturnType<App["stack"]["workers"]>[number];
export type AliasOverview = ReturnType<App["models"]["aliasOverview"]>[number];
export type KeyOverview = AliasOverview["key"];
export type ModelCallRow = Awaited<ReturnType<App["listings"]["modelCalls"]>>["items"][number];
export type GroupStatistics = Awaited<ReturnType<App["listings"]["statistics"]>>["groups"][number];
export type ListedWorkflow = Awaited<ReturnType<App["workflows"]["list"]>>["workflows"][number];
export type CheckedDefinition = Awaited<ReturnType<App["workflows"]["checkFile"]>>;
export type DefinitionProblem = CheckedDefinition["problems"][number];
export type DefinitionStep = NonNullable<CheckedDefinition["definition"]>["steps"][number];
export type DefinitionPlan = ReturnType<App["planDefinition"]>;
export type ListPlan = DefinitionPlan["steps"][number]["lists"][string];
