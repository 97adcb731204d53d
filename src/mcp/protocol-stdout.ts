import { Writable } from "node:stream";

/**
 * Takes stdout for the protocol: whatever else writes to it from now on, `console` included, goes to stderr. Answers
 * the one stream that still reaches it.
 */
export function claimStdout(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void write(chunk, done),
  });
}
