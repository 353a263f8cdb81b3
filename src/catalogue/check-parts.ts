// Inside a module of an unknown type: its parts are checked as far as MMDetection's option names give their kind, and the
// types of the others are looked up by name alone.

import { nearest } from '../errors';
import { type OptionProblem, structureOf } from './option-problems';
import { kindOfPart } from './part-kinds';
import type { Kind, Registry } from './registry';
import { isLayerType, originOf } from './type-origins';

type Options = Record<string, unknown>;

export interface PartsCheck {
  registry: Registry;
  /** The kind of the unknown module. */
  within: Kind;
  /** The package of type names without one. */
  scope?: string;
  /** Finds the problems of a module of a known kind. */
  check: (part: unknown, kind: Kind, path: string) => OptionProblem[];
}

/** @param value options of the unknown module, or a value inside them */
export function problemsOfParts(value: unknown, path: string, parts: PartsCheck): OptionProblem[] {
  const { check, within } = parts;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value as Options);
  return [...entries].flatMap(([key, child]): OptionProblem[] => {
    if (structureOf(child) === 'value') return [];
    const at = `${path}.${key}`;
    const kind = isModules(child) ? kindOfPart(String(key), within) : undefined;
    if (kind !== undefined)
      return Array.isArray(child) ? child.flatMap((one, i) => check(one, kind, `${at}.${i}`)) : check(child, kind, at);
    return [
      ...(Array.isArray(child) ? [] : problemsOfType((child as Options).type, at, parts)),
      ...problemsOfParts(child, at, parts),
    ];
  });
}

const isModules = (value: unknown): boolean =>
  [value].flat().length > 0 && [value].flat().every((one) => typeof (one as Options | null)?.type === 'string');

/** A type whose kind is not known: whether any package has it. */
function problemsOfType(type: unknown, path: string, { registry, scope }: PartsCheck): OptionProblem[] {
  // names of classes begin with a capital; a dotted name is a Python class, which may be anything
  if (typeof type !== 'string' || !/^(\w+\.)?[A-Z]\w*$/.test(type) || isLayerType(type)) return [];
  const known = registry.all().map((definition) => definition.type);
  const name = type.slice(type.lastIndexOf('.') + 1);
  if (known.includes(name)) return [];
  const kind = 'module';
  const origin = originOf(type, undefined, scope)?.label;
  if (origin !== undefined)
    return [{ path, message: `"${type}" of ${origin} is not implemented`, unknown: { kind, type, origin } }];
  const meant = nearest(name, known);
  const advice = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  return [{ path, message: `unknown type "${type}".${advice}`, unknown: { kind, type } }];
}
