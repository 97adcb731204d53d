import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";

/** A way to a server, and what can be told of it. */
export interface Link {
  readonly transport: Transport;
  /** What became of the server, as the end of a sentence: `ended with exit code 1: out of memory`. */
  fate(): string;
  /** The last that it said beside the protocol, as the end of a sentence; empty where there is nothing. */
  lastWords(): string;
  /** Ends it in good manners; nothing of it is left when this resolves. Never rejects. */
  close(): Promise<void>;
}
