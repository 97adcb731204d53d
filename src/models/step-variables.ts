/** The variable of the environment that chooses a step's model. */
export function stepVariable(step: string): string {
  return `SAVEPOINT_MODEL_${inVariable(step)}`;
}

/** The one of Ollama's users, who name its models without a provider. */
export function ollamaVariable(step: string): string {
  return `OLLAMA_${inVariable(step)}_MODEL`;
}

function inVariable(step: string): string {
  return step.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}
