import { MisuseError } from "./errors.ts";
import { requireScope } from "./scope.ts";

/**
 * Reads one value of a secret of the project, as it is now. Only in a checkpoint's body: the flow body runs again and
 * again, and would see another value once the secret has changed. What is read is never recorded by reading it, and
 * where it is returned or printed all the same, it is sealed or redacted.
 *
 * @example
 * const publish = checkpoint("publish", async (text: string) => {
 *   const token = await secret("blog", "API_TOKEN");
 *   return fetch("http://127.0.0.1:8080/posts", { method: "POST", headers: { authorization: `Bearer ${token}` }, body: text })
 *     .then((response) => response.status);
 * });
 * @throws UserError `not_found`, with the nearest name or key
 */
export async function secret(name: string, key: string): Promise<string> {
  const { runtime, checkpoint } = requireScope("secret()");
  if (checkpoint === undefined) {
    throw new MisuseError("secret() was called in the flow body: call it in the checkpoint that needs the value");
  }
  if (typeof name !== "string" || typeof key !== "string") {
    throw new MisuseError('secret() takes the name of a secret and of its key, for example secret("github", "TOKEN")');
  }
  return runtime.secret(name, key, checkpoint);
}
