import { UserError } from "../../core/errors.ts";
import type { DefinitionSource } from "../reading/document.ts";

export const textFormats = ["markdown", "yaml", "toml"] as const;
export type TextFormat = (typeof textFormats)[number];

/** A definition that is in no file yet. */
export interface DefinitionText {
  text: string;
  /** What it will be called; its own `name` says so too. */
  name?: string | undefined;
  /** Markdown where the text begins with `---`; otherwise it must be said. */
  format?: TextFormat | undefined;
}

const extensions: Record<TextFormat, string> = { markdown: ".md", yaml: ".yaml", toml: ".toml" };

/** The text as if it were in a file of its name. @throws UserError `invalid_input` where its format is unclear */
export function sourceOfText({ text, name = "text", format }: DefinitionText): DefinitionSource {
  return { path: `${name}${extensionOf(text, format)}`, text };
}

function extensionOf(text: string, format: TextFormat | undefined): string {
  if (format !== undefined) return extensions[format];
  // YAML may begin so too, but who writes that has said it.
  if (/^\uFEFF?---/.test(text)) return extensions.markdown;
  throw new UserError("invalid_input", "format is missing: the text does not begin with ---", {
    hint: "Say format yaml or toml; or begin Markdown with front matter: a line ---, fields, a line ---, then prompts.",
    details: { field: "format" },
  });
}
