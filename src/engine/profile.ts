// What an engine did while a function ran: every call of a kernel, the operators and backward nodes inside it, and the module
// that each belongs to.

import type { EngineEvent, EngineProfile } from './profile-events';

/** Records the calls to an engine from its making to `stop()`. */
export interface Recorder {
  /** Sets the module of the calls that follow; returns the one before. */
  module(index: number): number;
  stop(): EngineEvent[];
}

/** A named part of a model; a `Module` of `nn` and its path. */
export type ProfiledModules = Iterable<readonly [path: string, module: object]>;

type Method = (...args: unknown[]) => unknown;

/** Names of an object's methods, its classes' ones included, but not Object's. */
function methodsOf(module: object): string[] {
  const names = new Set<string>();
  for (let at = Object.getPrototypeOf(module); at && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at)))
      if (name !== 'constructor' && typeof value === 'function') names.add(name);
  return [...names];
}

/** Makes every method of a module set the recorder's module while it runs; returns what undoes it. */
function observe(module: object, index: number, recorder: Recorder): () => void {
  const target = module as Record<string, Method>;
  const names = methodsOf(module).filter((name) => !Object.hasOwn(module, name));
  for (const name of names) {
    const original = target[name];
    const observed: Method = function observed(this: unknown, ...args) {
      const before = recorder.module(index);
      try {
        return original.apply(this, args);
      } finally {
        recorder.module(before);
      }
    };
    // not enumerable, so that nothing that lists the module's properties sees it
    Object.defineProperty(module, name, { value: observed, configurable: true, writable: true });
  }
  return () => {
    for (const name of names) delete (module as Partial<Record<string, Method>>)[name];
  };
}

let running = false;

/** Whether a profile is being taken. */
export const isProfiling = (): boolean => running;

/** Runs `f` while a recorder records, with the modules observed. */
export async function profileWith<T>(
  record: () => Recorder,
  f: () => T | Promise<T>,
  modules: ProfiledModules = [],
): Promise<{ result: T; profile: EngineProfile }> {
  const paths: string[] = [];
  const undo: (() => void)[] = [];
  const start = performance.now();
  const recorder = record();
  running = true;
  let events: EngineEvent[] = [];
  let milliseconds = 0;
  try {
    for (const [path, module] of modules) undo.push(observe(module, paths.push(path) - 1, recorder));
    const result = await f();
    milliseconds = performance.now() - start;
    events = recorder.stop();
    events.sort((a, b) => a.start - b.start || b.end - a.end);
    return { result, profile: { milliseconds, modules: paths, events } };
  } catch (error) {
    recorder.stop();
    throw error;
  } finally {
    running = false;
    for (const one of undo) one();
  }
}
