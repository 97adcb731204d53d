const mostWords = 2_000;

/** The end of what a program said, as the end of a message. */
export function lastLine(words: string): string {
  const said = words.trim();
  if (said === "") return "";
  return `: ${said.length > mostWords ? `…${said.slice(-mostWords)}` : said}`;
}
