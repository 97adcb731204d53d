import { flowNamed, type ResolvedFlow, type Version } from "../code/version.ts";
import type { Clock } from "../core/clock.ts";
import type { Store } from "../store/store.ts";

export function readVersion(store: Store, hash: string): Version | undefined {
  const row = store.versions.find(hash);
  return row && (JSON.parse(row.description) as Version);
}

/** The flow that a worker loads for a name in a version. */
export function flowOf(version: Version | undefined, workflow: string): ResolvedFlow | undefined {
  const flow = version && flowNamed(version.flows, workflow);
  return version && flow && { version, flow };
}

export function saveVersion(store: Store, clock: Clock, version: Version): void {
  const { hash, sourcePath } = version;
  const description = JSON.stringify(version);
  store.write(() => store.versions.save({ hash, sourcePath, description, createdAt: clock.now() }));
}
