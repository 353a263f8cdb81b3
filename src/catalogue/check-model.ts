// Checks a module's config against the catalogue before anything is built: every unknown type and every invalid option at
// once, each with its path. Nested modules are found by the kind their option carries (`moduleOption`); inside a module of
// an unknown type, by the names MMDetection gives its parts.

import type { z } from 'zod';
import { DetLabError, nameOfValue } from '../errors';
import { findProblems, type OptionProblem, problemLine, schemaStructure, structureOf } from './option-problems';
import { readOption } from './option-schema';
import { kindOfPart } from './part-kinds';
import type { AnyDefinition, Kind, Registry } from './registry';

type Schema = z.core.$ZodType;
type Options = Record<string, unknown>;

/**
 * @example checkModel(loadConfig('faster-rcnn_r50_fpn_1x_coco').config.model, registry)
 * @throws DetLabError listing all problems: unknown types with the nearest name, misspelt and missing options, invalid values.
 */
export function checkModel(config: unknown, registry: Registry, kind: Kind = 'detector', path = 'model'): void {
  const problems = findModuleProblems(config, registry, kind, path);
  if (problems.length > 0) throw new DetLabError(problemsText(`Cannot build the ${kind}`, problems));
}

/** `Cannot build the detector: 2 problems in its config.` and a line for each. */
export function problemsText(what: string, problems: readonly OptionProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${what}: ${count} in its config.\n  ${problems.map(problemLine).join('\n  ')}`;
}

/** The problems of one module's config and of every module inside it. */
export function findModuleProblems(
  config: unknown,
  registry: Registry,
  kind: Kind,
  path: string,
  supplied: readonly string[] = [],
): OptionProblem[] {
  const { type, _scope_, ...options } = structureOf(config) === 'object' ? (config as Options) : {};
  if (typeof type !== 'string') {
    const received = type === undefined ? nameOfValue(config) : `type ${nameOfValue(type)}`;
    return [{ path, message: `expected a ${kind} config { type: '...' }, received ${received}` }];
  }
  const definition = registry.find(kind, type);
  if (definition) {
    const { given, moved } = forwarded(definition, options, path);
    const asWritten = (at: string) =>
      moved.reduce((text, [to, from]) => (under(text, to) ? from + text.slice(to.length) : text), at);
    return findSchemaProblems(definition.options, given, registry, path, supplied).map((problem) => ({
      ...problem,
      path: asWritten(problem.path),
    }));
  }
  const message = `unknown ${kind} "${type}".${registry.suggest(kind, type)}`;
  return [{ path, message, unknown: { kind, type } }, ...problemsOfParts(options, registry, kind, path)];
}

/** The problems of `value` against a schema, and of every module inside it. */
export function findSchemaProblems(
  schema: Schema,
  value: Options,
  registry: Registry,
  path: string,
  supplied: readonly string[] = [],
): OptionProblem[] {
  const nested: OptionProblem[] = [];
  for (const module of nestedModules(schema, value, path))
    nested.push(...findModuleProblems(module.config, registry, module.kind, module.path, module.supplied));
  // a value that is no module config at all is reported once, by the module's check
  const paths = new Set(nested.map((problem) => problem.path));
  const absent = new Set(supplied.filter((name) => !(name in value)).map((name) => `${path}.${name}`));
  const ofOptions = findProblems(schema, value, path).filter(
    (problem) =>
      !absent.has(problem.path) && !paths.has(problem.path) && !paths.has(problem.path.replace(/\.type$/, '')),
  );
  return [...ofOptions, ...nested];
}

/** The options with those forwarded to a nested module merged into its config, as the build does; and the paths that changes. */
function forwarded({ forwards = {} }: AnyDefinition, options: Options, path: string) {
  const given = { ...options };
  const moved: [to: string, from: string][] = [];
  for (const [part, names] of Object.entries(forwards)) {
    const config = options[part];
    if (structureOf(config) !== 'object') continue;
    const present = names.filter((name) => structureOf(options[name]) === 'object');
    given[part] = { ...(config as Options), ...Object.fromEntries(present.map((name) => [name, options[name]])) };
    for (const name of present) moved.push([`${path}.${part}.${name}`, `${path}.${name}`]);
  }
  return { given, moved };
}

const under = (path: string, folder: string) => path === folder || path.startsWith(`${folder}.`);

interface NestedConfig {
  kind: Kind;
  config: unknown;
  path: string;
  supplied?: readonly string[];
}

/** The module configs inside `value`, found by walking its schema; absent and null values have none. */
function* nestedModules(schema: Schema, value: unknown, path: string): Generator<NestedConfig> {
  if (value === undefined || value === null) return;
  const { inner, moduleKind, supplied } = readOption(schema);
  if (moduleKind) {
    yield { kind: moduleKind as Kind, config: value, path, supplied };
    return;
  }
  const { def } = (inner as z.core.$ZodTypes)._zod;
  const structure = structureOf(value);
  if (def.type === 'union') {
    const alike = def.options.filter((option) => schemaStructure(option) === structure);
    const fitting = alike.find((option) => (option as z.ZodType).safeParse(value).success) ?? alike[0];
    if (fitting) yield* nestedModules(fitting, value, path);
  } else if (structure === 'object') {
    for (const [key, child] of Object.entries(value)) {
      const option = def.type === 'object' ? (def.shape as Record<string, Schema>)[key] : undefined;
      const below = option ?? (def.type === 'record' ? def.valueType : undefined);
      if (below) yield* nestedModules(below, child, path ? `${path}.${key}` : key);
    }
  } else if (structure === 'list') {
    for (const [index, child] of (value as unknown[]).entries()) {
      const below = def.type === 'array' ? def.element : def.type === 'tuple' ? def.items[index] : undefined;
      if (below) yield* nestedModules(below, child, `${path}.${index}`);
    }
  }
}

/** The problems of the nested modules of a module of an unknown type, as far as their names give their kind. */
function problemsOfParts(value: unknown, registry: Registry, within: Kind, path: string): OptionProblem[] {
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value as Options);
  return [...entries].flatMap(([key, child]): OptionProblem[] => {
    if (structureOf(child) === 'value') return [];
    const at = `${path}.${key}`;
    return [child].flat().every((one) => typeof (one as Options)?.type === 'string')
      ? partProblems(child, registry, within, String(key), at)
      : problemsOfParts(child, registry, within, at);
  });
}

function partProblems(part: unknown, registry: Registry, within: Kind, key: string, path: string): OptionProblem[] {
  const kind = kindOfPart(key, within);
  if (kind === undefined) return [];
  if (!Array.isArray(part)) return findModuleProblems(part, registry, kind, path);
  return part.flatMap((one, i) => findModuleProblems(one, registry, kind, `${path}.${i}`));
}
