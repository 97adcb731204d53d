/** Scenarios that need nothing but the product. */
export const scenarios = [
  "server-initialize",
  "ping",
  "tools-list",
  "resources-list",
  "prompts-list",
  "server-sse-multiple-streams",
  "dns-rebinding-protection",
  "server-session-lifecycle",
] as const;

const fixtureTools = "calls a tool of the suite's own, which a real server does not have";
const fixtureResources = "reads a resource of the suite's own, which a real server does not have";
const fixturePrompts = "asks for a prompt of the suite's own, which a real server does not have";

/** The other scenarios of the same revision, and why they cannot be run on the product. */
export const leftOut: Readonly<Record<string, string>> = {
  "logging-set-level": "needs protocol logging, which newer revisions deprecate; Savepoint logs to stderr",
  "completion-complete": "needs completions, which Savepoint does not offer yet",
  "tools-call-simple-text": fixtureTools,
  "tools-call-image": fixtureTools,
  "tools-call-audio": fixtureTools,
  "tools-call-embedded-resource": fixtureTools,
  "tools-call-mixed-content": fixtureTools,
  "tools-call-with-logging": fixtureTools,
  "tools-call-error": fixtureTools,
  "tools-call-with-progress": fixtureTools,
  "tools-call-sampling": fixtureTools,
  "tools-call-elicitation": fixtureTools,
  "json-schema-2020-12": fixtureTools,
  "elicitation-sep1034-defaults": fixtureTools,
  "elicitation-sep1330-enums": fixtureTools,
  "server-sse-polling": fixtureTools,
  "resources-read-text": fixtureResources,
  "resources-read-binary": fixtureResources,
  "resources-templates-read": fixtureResources,
  "resources-subscribe": fixtureResources,
  "resources-unsubscribe": fixtureResources,
  "prompts-get-simple": fixturePrompts,
  "prompts-get-with-args": fixturePrompts,
  "prompts-get-embedded-resource": fixturePrompts,
  "prompts-get-with-image": fixturePrompts,
};
