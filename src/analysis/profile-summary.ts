// What a profile says: time by kernel, by operator and by module, the copies between types and layouts, and the time that
// JavaScript takes between the calls. Milliseconds; a share is that of the whole profile.

import type { EngineEvent, EngineProfile } from '../engine/profile-events';
import { type NestedEvent, nestEvents } from './profile-nesting';

export interface KernelTime {
  name: string;
  /** A call from JavaScript, or a node of the backward pass. */
  kind: 'call' | 'node';
  calls: number;
  /** Without the calls and nodes inside. */
  milliseconds: number;
  share: number;
  perCall: number;
}

export interface OperatorTime {
  name: string;
  calls: number;
  /** Without the operators inside. */
  self: number;
  /** With them; of an operator inside another of its name only the outer. */
  total: number;
  share: number;
}

export interface ModuleTime {
  /** Dotted; '' is the model itself. Undefined: outside of all modules. */
  path?: string;
  /** Number of modules around it. */
  depth: number;
  /** Kernel calls of the module and those inside it. */
  forward: number;
  /** Nodes of the backward pass that they made. */
  backward: number;
  share: number;
}

export interface CopyTime {
  /** Type names, such as `Float` and `BFloat16`; equal where only the layout or the place changes. */
  from: string;
  to: string;
  calls: number;
  /** Numbers copied. */
  values: number;
  milliseconds: number;
  share: number;
}

export interface ProfileSummary {
  milliseconds: number;
  /** What no call to the engine covers. */
  javascript: number;
  /** The slowest first. */
  kernels: KernelTime[];
  operators: OperatorTime[];
  /** In the order of the model, each after the one around it; what is outside of all modules comes last. */
  modules: ModuleTime[];
  /** Conversions of types first, the slowest first. */
  copies: CopyTime[];
}

/** @example summariseProfile(profile).kernels[0].name */
export function summariseProfile({ milliseconds, modules, events }: EngineProfile): ProfileSummary {
  const nested = nestEvents(events);
  const covered = nested.filter(({ parent }) => !parent).reduce((sum, { event }) => sum + event.end - event.start, 0);
  const shareOf = (time: number) => (milliseconds > 0 ? time / milliseconds : 0);
  return {
    milliseconds,
    javascript: Math.max(0, milliseconds - covered),
    kernels: kernelTimes(nested, shareOf),
    operators: operatorTimes(nested, shareOf),
    modules: moduleTimes(nested, modules, shareOf),
    copies: copyTimes(events, shareOf),
  };
}

type ShareOf = (milliseconds: number) => number;

/** The value of a key, made where there is none. */
function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function kernelTimes(nested: readonly NestedEvent[], shareOf: ShareOf): KernelTime[] {
  const byName = new Map<string, KernelTime>();
  for (const { event, exclusive } of nested) {
    if (event.kind === 'op') continue;
    const { kind, name } = event;
    const row = entry(byName, `${kind} ${name}`, () => ({
      name,
      kind,
      calls: 0,
      milliseconds: 0,
      share: 0,
      perCall: 0,
    }));
    row.calls++;
    row.milliseconds += exclusive;
  }
  return [...byName.values()]
    .map((row) => ({ ...row, share: shareOf(row.milliseconds), perCall: row.milliseconds / row.calls }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

function operatorTimes(nested: readonly NestedEvent[], shareOf: ShareOf): OperatorTime[] {
  const byName = new Map<string, OperatorTime>();
  for (const { event, parent, self } of nested) {
    if (event.kind !== 'op') continue;
    const row = entry(byName, event.name, () => ({ name: event.name, calls: 0, self: 0, total: 0, share: 0 }));
    row.calls++;
    row.self += self;
    let around = parent;
    while (around && around.event.name !== event.name) around = around.parent;
    if (!around) row.total += event.end - event.start;
  }
  return [...byName.values()].map((row) => ({ ...row, share: shareOf(row.self) })).sort((a, b) => b.self - a.self);
}

/** The nearest listed module around a path; the model itself has none. */
function parentPath(path: string, listed: ReadonlySet<string>): string | undefined {
  if (path === '') return undefined;
  const dot = path.lastIndexOf('.');
  const shorter = dot < 0 ? '' : path.slice(0, dot);
  return listed.has(shorter) ? shorter : parentPath(shorter, listed);
}

/** Paths from the outermost module around a path to itself. */
export function modulesAround(path: string, listed: ReadonlySet<string>): string[] {
  const around = parentPath(path, listed);
  return around === undefined ? [path] : [...modulesAround(around, listed), path];
}

function moduleTimes(nested: readonly NestedEvent[], modules: readonly string[], shareOf: ShareOf): ModuleTime[] {
  const listed = new Set(modules);
  const chains = modules.map((path) => modulesAround(path, listed));
  const rows = new Map<string, ModuleTime>();
  for (const [index, path] of modules.entries())
    rows.set(path, { path, depth: chains[index].length - 1, forward: 0, backward: 0, share: 0 });
  const outside: ModuleTime = { depth: 0, forward: 0, backward: 0, share: 0 };
  for (const { event, exclusive } of nested) {
    if (event.kind === 'op') continue;
    const pass = event.kind === 'node' ? 'backward' : 'forward';
    const around = chains[event.module];
    for (const row of around ? around.map((path) => rows.get(path)) : [outside]) if (row) row[pass] += exclusive;
  }
  return [...[...rows.values()].filter(({ forward, backward }) => forward + backward > 0), outside].map((row) => ({
    ...row,
    share: shareOf(row.forward + row.backward),
  }));
}

const COPY = /^(\w+) \[[\d,]*\] -> (\w+) \[([\d,]*)\]$/;

/** Copies by their pair of types; a copy inside another is counted once. */
function copyTimes(events: readonly EngineEvent[], shareOf: ShareOf): CopyTime[] {
  const byPair = new Map<string, CopyTime>();
  for (const { name, detail, start, end } of events) {
    const [, from, to, shape] = (name === 'aten::copy_' && COPY.exec(detail)) || [];
    if (from === undefined) continue;
    const row = entry(byPair, `${from} ${to}`, () => ({ from, to, calls: 0, values: 0, milliseconds: 0, share: 0 }));
    row.calls++;
    row.values += shape === '' ? 1 : shape.split(',').reduce((product, size) => product * Number(size), 1);
    row.milliseconds += end - start;
  }
  const converts = ({ from, to }: CopyTime) => Number(from !== to);
  return [...byPair.values()]
    .map((row) => ({ ...row, share: shareOf(row.milliseconds) }))
    .sort((a, b) => converts(b) - converts(a) || b.milliseconds - a.milliseconds);
}
