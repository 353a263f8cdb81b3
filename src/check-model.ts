// The whole model config against the catalogue before anything is built: every unknown type and every wrong option at
// once, each with its path. Nested modules are found by the kind their option carries (`moduleOption`).

import type { z } from 'zod';
import { DetLabError, nameOfValue } from './errors';
import { findProblems, type OptionProblem, problemLine, schemaStructure, structureOf } from './option-problems';
import { readOption } from './option-schema';
import type { Kind, Registry } from './registry';

type Schema = z.core.$ZodType;

/**
 * @example checkModel(loadConfig('faster-rcnn_r50_fpn_1x_coco').config.model, registry)
 * @throws DetLabError listing all problems: unknown types with the nearest name, misspelt and missing options, wrong values.
 */
export function checkModel(config: unknown, registry: Registry, kind: Kind = 'detector', path = 'model'): void {
  const problems = findModuleProblems(config, registry, kind, path);
  if (problems.length === 0) return;
  const count = problems.length === 1 ? 'one thing is' : `${problems.length} things are`;
  throw new DetLabError(
    `Cannot build the ${kind}: ${count} wrong in its config.\n  ${problems.map(problemLine).join('\n  ')}`,
  );
}

/** The problems of one module's config and of every module inside it. */
export function findModuleProblems(
  config: unknown,
  registry: Registry,
  kind: Kind,
  path: string,
  supplied: readonly string[] = [],
): OptionProblem[] {
  const { type, _scope_, ...options } = structureOf(config) === 'object' ? (config as Record<string, unknown>) : {};
  if (typeof type !== 'string') {
    const received = type === undefined ? nameOfValue(config) : `type ${nameOfValue(type)}`;
    return [{ path, message: `expected a ${kind} config { type: '...' }, received ${received}` }];
  }
  const definition = registry.find(kind, type);
  if (!definition) return [{ path, message: `unknown ${kind} "${type}".${registry.suggest(kind, type)}` }];
  const nested: OptionProblem[] = [];
  for (const module of nestedModules(definition.options, options, path))
    nested.push(...findModuleProblems(module.config, registry, module.kind, module.path, module.supplied));
  // a nested module that is no config at all is reported once, by its own check
  const paths = new Set(nested.map((problem) => problem.path));
  const absent = new Set(supplied.filter((name) => !(name in options)).map((name) => `${path}.${name}`));
  const own = findProblems(definition.options, options, path).filter(
    (problem) =>
      !absent.has(problem.path) && !paths.has(problem.path) && !paths.has(problem.path.replace(/\.type$/, '')),
  );
  return [...own, ...nested];
}

interface NestedConfig {
  kind: Kind;
  config: unknown;
  path: string;
  supplied?: readonly string[];
}

/** The module configs inside `value`, found by walking its schema; values that are absent or null have none. */
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
      const own = def.type === 'object' ? (def.shape as Record<string, Schema>)[key] : undefined;
      const below = own ?? (def.type === 'record' ? def.valueType : undefined);
      if (below) yield* nestedModules(below, child, `${path}.${key}`);
    }
  } else if (structure === 'list') {
    for (const [index, child] of (value as unknown[]).entries()) {
      const below = def.type === 'array' ? def.element : def.type === 'tuple' ? def.items[index] : undefined;
      if (below) yield* nestedModules(below, child, `${path}.${index}`);
    }
  }
}
