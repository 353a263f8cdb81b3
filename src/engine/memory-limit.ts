// `engine().memoryLimit`: a bound on what an engine keeps of freed tensors. The engine itself applies it.

import { DetLabError } from '../errors';

export interface MemoryLimited {
  memoryLimit: number | undefined;
}

/**
 * Adds the property to an engine; `apply` takes the bytes, 0 for no limit. Without it the engine has no memory to give back, and
 * a limit is refused.
 */
export function limitMemory<T extends { name: string; device: string }>(
  engine: T,
  apply?: (bytes: number) => void,
): T & MemoryLimited {
  let limit: number | undefined;
  return Object.defineProperty(engine as T & MemoryLimited, 'memoryLimit', {
    enumerable: true,
    get: () => limit,
    set(bytes: number | undefined) {
      if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0))
        throw new DetLabError(
          `Cannot limit the engine's memory to ${String(bytes)}: expected a whole number of bytes above 0, or undefined for no limit`,
        );
      if (!apply)
        throw new DetLabError(
          `Cannot limit the memory of the ${engine.name} engine on ${engine.device}: expected the torch engine on a CPU, ` +
            'which keeps the memory of freed tensors for reuse. Use a smaller batch or smaller images',
        );
      apply(bytes ?? 0);
      limit = bytes;
    },
  });
}
