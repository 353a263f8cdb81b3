// Whether a part of a detector may be described to a graph: a subclass that changes what a method does must change what describes it.

import { DetLabError } from '../errors';

/** Of how many classes up the prototype chain a member is defined. */
function depthOf(object: object, name: string): number {
  let depth = 0;
  for (let at = object; at && !Object.hasOwn(at, name); at = Object.getPrototypeOf(at)) depth++;
  return depth;
}

/**
 * @param pairs names of methods, and of what describes each for a graph
 * @throws DetLabError for a part whose subclass changes a method without saying so for a graph
 */
export function checkOverrides(part: object, pairs: readonly (readonly [string, string])[]): void {
  for (const [method, description] of pairs)
    if (depthOf(part, method) < depthOf(part, description))
      throw new DetLabError(
        `${part.constructor.name} has a ${method} of its own, which no graph can call. Override ${description} too` +
          (description === 'selection' ? ', or save with { nms: false }' : ''),
      );
}
