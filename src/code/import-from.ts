/**
 * How a bundle imports a package for a file that sees another copy of it than the entry file does:
 * `savepoint-from:../packages/util/!lodash/fp`, the folder being relative to the entry file.
 */
export const importFrom = "savepoint-from:";
