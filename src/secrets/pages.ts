import { createHash, randomBytes } from "node:crypto";
import type { Server } from "node:http";
import { type PageRequest, SecretPage } from "./page.ts";
import { listenForPages, portOf } from "./page-listener.ts";

export interface OpenPage extends Pick<SecretPage, "answered" | "end"> {
  readonly url: string;
}

const lifeMs = 10 * 60_000;
const tokenBytes = 24;

/**
 * The pages on which people type values, on a listener of their own, which is there while there are pages. A page that
 * has ended stays for a while, to say so to who comes late.
 */
export class SecretPages {
  readonly #lifeMs: number;
  /** By the digest of what makes the address unguessable. */
  readonly #pages = new Map<string, { page: SecretPage; timer: NodeJS.Timeout }>();
  #server: Promise<Server> | undefined;

  constructor(options: { lifeMs?: number } = {}) {
    this.#lifeMs = options.lifeMs ?? lifeMs;
  }

  async open(request: PageRequest): Promise<OpenPage> {
    const page = new SecretPage(request);
    const token = randomBytes(tokenBytes).toString("base64url");
    const timer = setTimeout(() => this.#expire(token), this.#lifeMs).unref();
    this.#pages.set(digestOf(token), { page, timer });
    try {
      this.#server ??= listenForPages((asked) => this.#pages.get(digestOf(asked))?.page);
      const url = `http://127.0.0.1:${portOf(await this.#server)}/${token}`;
      return { url, answered: page.answered, end: () => page.end() };
    } catch (error) {
      page.end();
      this.#forget(token);
      throw error;
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const { page, timer } of this.#pages.values()) {
      clearTimeout(timer);
      page.end();
    }
    this.#pages.clear();
    this.#stopListening();
  }

  #expire(token: string): void {
    const digest = digestOf(token);
    const kept = this.#pages.get(digest);
    if (kept === undefined) return;
    kept.page.expire();
    const timer = setTimeout(() => this.#forget(token), this.#lifeMs).unref();
    this.#pages.set(digest, { ...kept, timer });
  }

  #forget(token: string): void {
    const digest = digestOf(token);
    clearTimeout(this.#pages.get(digest)?.timer);
    this.#pages.delete(digest);
    if (this.#pages.size === 0) this.#stopListening();
  }

  #stopListening(): void {
    const stopped = this.#server;
    this.#server = undefined;
    stopped?.then(
      (server) => {
        server.close();
        server.closeAllConnections();
      },
      // It never listened, which whoever opened the page was told.
      () => {},
    );
  }
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
