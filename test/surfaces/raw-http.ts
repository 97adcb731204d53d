interface Message {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/** MCP over HTTP without any library: what a script of a few lines would do. */
export class RawHttp {
  readonly seen: string[] = [];
  readonly #url: URL;
  readonly #headers: Record<string, string>;
  #id = 0;

  constructor(url: URL, token: string) {
    this.#url = url;
    this.#headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    };
  }

  async initialize(): Promise<void> {
    const clientInfo = { name: "script", version: "1" };
    const response = await this.#post({
      jsonrpc: "2.0",
      id: ++this.#id,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
    });
    this.#headers["mcp-session-id"] = response.headers.get("mcp-session-id") ?? "";
    this.#headers["mcp-protocol-version"] = "2025-11-25";
    await this.#messages(response);
    await this.#post({ jsonrpc: "2.0", method: "notifications/initialized" });
  }

  async request(method: string, params: object): Promise<unknown> {
    const id = ++this.#id;
    const response = await this.#post({ jsonrpc: "2.0", id, method, params });
    const answer = (await this.#messages(response)).find((message) => message.id === id);
    if (answer?.result === undefined) throw new Error(`${method}: ${JSON.stringify(answer)}`);
    return answer.result;
  }

  async close(): Promise<void> {
    await fetch(this.#url, { method: "DELETE", headers: this.#headers });
  }

  async #post(message: object): Promise<Response> {
    const response = await fetch(this.#url, { method: "POST", headers: this.#headers, body: JSON.stringify(message) });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    return response;
  }

  /** An answer is JSON or a stream of events, as the server likes. */
  async #messages(response: Response): Promise<Message[]> {
    const text = await response.text();
    this.seen.push(text);
    if (response.headers.get("content-type")?.startsWith("application/json")) return [JSON.parse(text) as Message];
    const lines = text.split("\n").filter((line) => line.startsWith("data: {"));
    return lines.map((line) => JSON.parse(line.slice("data: ".length)) as Message);
  }
}
