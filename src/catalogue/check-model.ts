// Checks a module's config against the catalogue before anything is built: every unknown type and every invalid option at
// once, each with its path. Nested modules are found by the kind their option carries (`moduleOption`); inside a module of
// an unknown type, see check-parts.ts.

import type { z } from 'zod';
import { DetLabError, nameOfValue } from '../errors';
import { problemsOfParts } from './check-parts';
import { type ChildOption, childOptions } from './child-options';
import { findProblems, type OptionProblem, problemLine, structureOf } from './option-problems';
import { readOption } from './option-schema';
import type { AnyDefinition, Kind, Registry } from './registry';
import { nearestElsewhere, originOfKind, otherNamesake } from './type-origins';

type Schema = z.core.$ZodType;
type Options = Record<string, unknown>;

export interface CheckSettings {
  /** Options that the enclosing module supplies. */
  supplied?: readonly string[];
  /** The config's `default_scope`: the package of type names without one. */
  scope?: string;
}

/**
 * @example checkModel(loadConfig('faster-rcnn_r50_fpn_1x_coco').config.model, registry)
 * @throws DetLabError listing all problems: unknown types with the nearest name, misspelt and missing options, invalid values.
 */
export function checkModel(config: unknown, registry: Registry, scope?: string): void {
  const problems = findModuleProblems(config, registry, 'detector', 'model', { scope });
  if (problems.length > 0) throw new DetLabError(problemsText('Cannot build the detector', problems));
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
  settings: CheckSettings = {},
): OptionProblem[] {
  const { type, _scope_, ...options } = structureOf(config) === 'object' ? (config as Options) : {};
  if (typeof type !== 'string') {
    const received = type === undefined ? nameOfValue(config) : `type ${nameOfValue(type)}`;
    return [{ path, message: `expected a ${kind} config { type: '...' }, received ${received}` }];
  }
  const scope = typeof _scope_ === 'string' ? _scope_ : settings.scope;
  const definition = registry.find(kind, type, options, scope);
  const namesake = definition && !definition.type.includes('.') && otherNamesake(type, options, scope);
  if (definition && !namesake) {
    const { given, asWritten } = forwarded(definition, options, path);
    const problems = findSchemaProblems(definition.options, given, registry, path, { ...settings, scope });
    return withoutPartsOfLacks(problems, path).map((problem) => ({ ...problem, path: asWritten(problem.path) }));
  }
  const check = (part: unknown, partKind: Kind, at: string) =>
    findModuleProblems(part, registry, partKind, at, { scope });
  return [
    { path, ...(namesake ? namesakeProblem(type, kind, namesake.label) : typeProblem(type, kind, registry, scope)) },
    ...problemsOfParts(options, path, { registry, within: kind, scope, check }),
  ];
}

function namesakeProblem(type: string, kind: Kind, origin: string): Omit<OptionProblem, 'path'> {
  const name = type.slice(type.lastIndexOf('.') + 1);
  return {
    message: `${kind} "${name}" of ${origin} is not implemented: the module of this name is MMDetection's, "mmdet.${name}"`,
    unknown: { kind, type, origin },
  };
}

/** Options of a detector that are those of a head, by the head's name. */
const OPTIONS_OF_HEADS: Record<string, string[]> = {
  rpn_head: ['train_cfg.rpn', 'test_cfg.rpn', 'train_cfg.rpn_proposal'],
  roi_head: ['train_cfg.rcnn', 'test_cfg.rcnn'],
};

/** Without the problems of options for a head of an unknown type, which may have others. */
function withoutPartsOfLacks(problems: OptionProblem[], path: string): OptionProblem[] {
  const unjudged = Object.entries(OPTIONS_OF_HEADS).flatMap(([head, parts]) =>
    problems.some(({ unknown, path: at }) => unknown && under(at, `${path}.${head}`))
      ? parts.map((part) => `${path}.${part}`)
      : [],
  );
  return problems.filter(({ path: at }) => !unjudged.some((part) => under(at, part)));
}

/** A type that the catalogue does not have: lacking here, or unknown to all. */
function typeProblem(type: string, kind: Kind, registry: Registry, scope?: string): Omit<OptionProblem, 'path'> {
  const origin = originOfKind(type, kind, scope)?.label;
  if (origin !== undefined)
    return {
      message: `${kind} "${type}" of ${origin} is not implemented. ${registry.known(kind)}`,
      unknown: { kind, type, origin },
    };
  const elsewhere = registry.isTypo(kind, type) ? undefined : nearestElsewhere(type, kind);
  const meant = elsewhere && ` Did you mean "${elsewhere.name}" (${elsewhere.origin.label}, not implemented)?`;
  return {
    message: `unknown ${kind} "${type}".${meant ?? registry.suggest(kind, type)}`,
    unknown: { kind, type },
  };
}

/** The problems of `value` against a schema, and of every module inside it. */
export function findSchemaProblems(
  schema: Schema,
  value: Options,
  registry: Registry,
  path: string,
  { supplied = [], scope }: CheckSettings = {},
): OptionProblem[] {
  const nested: OptionProblem[] = [];
  for (const module of nestedModules({ schema, value, path }))
    nested.push(
      ...findModuleProblems(module.config, registry, module.kind, module.path, { supplied: module.supplied, scope }),
    );
  // a value that is no module config at all is reported once, by the module's check
  const paths = new Set(nested.map((problem) => problem.path));
  const absent = new Set(supplied.filter((name) => !(name in value)).map((name) => `${path}.${name}`));
  const ofOptions = findProblems(schema, value, path).filter(
    (problem) =>
      !absent.has(problem.path) && !paths.has(problem.path) && !paths.has(problem.path.replace(/\.type$/, '')),
  );
  return [...ofOptions, ...nested];
}

/**
 * The options with those forwarded to a nested module merged into its config, as the build does; `asWritten` gives the path
 * in the config of a path in the result.
 */
export function forwarded({ forwards = {} }: AnyDefinition, options: Options, path: string) {
  const given = { ...options };
  const moved: [to: string, from: string][] = [];
  for (const [part, places] of Object.entries(forwards)) {
    const config = options[part];
    if (structureOf(config) !== 'object') continue;
    const present = Object.entries(places).filter(([, place]) => typeof valueAt(options, place) === 'object');
    const values = present.map(([name, place]) => [name, valueAt(options, place)]);
    given[part] = { ...(config as Options), ...Object.fromEntries(values) };
    for (const [name, place] of present) moved.push([`${path}.${part}.${name}`, `${path}.${place}`]);
  }
  const asWritten = (at: string) =>
    moved.reduce((text, [to, from]) => (under(text, to) ? from + text.slice(to.length) : text), at);
  return { given, asWritten };
}

/** The value at `train_cfg.rpn`; undefined where there is none, or null. */
const valueAt = (options: Options, place: string): unknown =>
  place.split('.').reduce<unknown>((value, key) => (value as Options | undefined | null)?.[key], options) ?? undefined;

const under = (path: string, folder: string) => path === folder || path.startsWith(`${folder}.`);

interface NestedConfig {
  kind: Kind;
  config: unknown;
  path: string;
  supplied?: readonly string[];
}

/** The module configs inside `value`, found by walking its schema; absent and null values have none. */
function* nestedModules({ schema, value, path }: ChildOption): Generator<NestedConfig> {
  if (value === undefined || value === null) return;
  const { moduleKind, supplied } = readOption(schema);
  if (moduleKind) yield { kind: moduleKind as Kind, config: value, path, supplied };
  else for (const child of childOptions(schema, value, path)) yield* nestedModules(child);
}
