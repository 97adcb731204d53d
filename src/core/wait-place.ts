interface Place {
  /** Branch of the flow body; "" is the body itself. */
  scope: string;
  name: string;
  /** Which call of that name in that branch, from 1. */
  occurrence: number;
}

/**
 * What a wait is called before it is asked: unlike its selector, this does not change when others of its name follow.
 */
export function waitPlace({ scope, name, occurrence }: Place): string {
  const own = scope.slice(scope.lastIndexOf("/") + 1);
  const place = scope === "" ? name : own.startsWith(`${name}[`) ? scope : `${scope}/${name}`;
  return occurrence === 1 ? place : `${place}#${occurrence}`;
}
