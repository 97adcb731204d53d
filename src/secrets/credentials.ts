import { shortestPattern } from "./encodings.ts";

const credentialName =
  /KEY|TOKEN(?!S|IZ)|SECRET|PASSW(OR)?D|PASSPHRASE|CREDENTIAL|CONNECTION_?STRING|_(PASS|PWD|PAT|AUTH|COOKIE)$/i;
/** What stands beside a credential, or says where one is. */
const nameOfOther =
  /_(FILE|PATH|DIR|ID|NAME|TYPE|URL|URI|ARN|REGION|ENDPOINT|SOCK|HELPER|VERSION|TTL|MS|SECONDS)$|_APPLICATION_CREDENTIALS$/i;
const namesOfHeaders = /_HEADERS$/i;
/** The password in `scheme://user:password@host`, with or without the scheme, as proxies are written. */
const passwordOfUrl = /^(?:[a-z][a-z\d+.-]*:\/\/)?[^/?#:@\s]*:([^/?#\s]+)@[^/?#@\s]+/i;

/** What must not be shown of a variable's value: all of it, the password in an address, or some headers. */
export function credentialsIn(variable: string, text: string): string[] {
  const value = text.trim();
  const found = [...passwordsIn(value), ...(namesOfHeaders.test(variable) ? headersIn(value) : [])];
  if (looksLikeCredential(variable)) found.push(value);
  return [...new Set(found)].filter((one) => one.length >= shortestPattern);
}

function looksLikeCredential(name: string): boolean {
  return credentialName.test(name) && !nameOfOther.test(name);
}

/** As it is sent, and as it is written there. */
function passwordsIn(value: string): string[] {
  const password = passwordOfUrl.exec(value)?.[1];
  if (password === undefined) return [];
  try {
    return [decodeURIComponent(password), password];
  } catch {
    // A lone percent sign stands for itself.
    return [password];
  }
}

/** Lines of `Name: value`; of `Bearer …` also what stands behind it. */
function headersIn(text: string): string[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, name = "", value = ""] = /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (!/^(proxy-)?authorization$|^cookie$/i.test(name) && !looksLikeCredential(name.replaceAll("-", "_"))) return [];
    return [value, value.replace(/^[A-Za-z]+\s+/, "")];
  });
}
