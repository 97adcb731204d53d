/** What tests of workflows import: `savepoint/testing`. */

export type { CrashOptions, CrashPoint } from "./crash-options.ts";
export type { CrashScenario, SurvivedCrashes } from "./crash-points.ts";
export { everyCrashPoint } from "./crash-points.ts";
export type { FakeClaude, FakeClaudeCall, FakeClaudeRun, FakeClaudeScript } from "./fake-claude.ts";
export { fakeClaude } from "./fake-claude.ts";
export type { MockModel } from "./mock-model.ts";
export { mockModel } from "./mock-model.ts";
export type { MockModels } from "./mock-provider.ts";
export type { MockFailure, MockFunction, MockReply, MockRequest, MockResponse, MockUsage } from "./mock-reply.ts";
export { byContent, delayed, failing, fromSchema, toolCall, withUsage } from "./mock-reply.ts";
export type { TestArtifact, TestCheckpoint, TestEvent, TestLog, TestWait } from "./run-record.ts";
export type { TestEngine, TestEngineOptions, TestRunOptions } from "./test-engine.ts";
export { openTestEngine } from "./test-engine.ts";
export type { TestReplayOptions, TestRun } from "./test-run.ts";
