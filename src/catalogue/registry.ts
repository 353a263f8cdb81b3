// Module definitions by kind and type name. A definition is the single source of truth of a module: its `options` schema
// gives the TypeScript type, the run-time check, the defaults and the text of `describe()`.

import { z } from 'zod';
import { DetLabError, didYouMean, isTypeTypo, nameOfValue } from '../errors';
import type { FeatureSpec } from './feature-spec';
import { inferredValues } from './inferred-values';
import { KINDS, type Kind } from './kinds';
import { findProblems, problemLine } from './option-problems';
import { otherNamesake } from './type-origins';

export { KINDS, type Kind };

/** A module's config as written in a config file: `type` and MMDetection's snake_case options. */
export type ModuleConfig = { type: string } & Record<string, unknown>;

declare const nested: unique symbol;
/** Marks a nested module config in a schema's input type; `Filled` replaces it by the union of the kind's configs. */
export interface NestedModule<K extends Kind> {
  readonly [nested]: K;
}

/**
 * An option that holds another module's config. The kind lets the whole-model check, the types and `describe` look
 * inside. Use it like any zod type: `.default({ type: 'L1Loss' })`, `.nullable()`, `z.array(moduleOption('bbox_head'))`.
 *
 * @example
 * z.strictObject({ loss_cls: moduleOption('loss').default({ type: 'CrossEntropyLoss' }).describe('classification loss') })
 */
export function moduleOption<K extends Kind>(kind: K): z.ZodType<ModuleConfig, NestedModule<K>> {
  const schema = z.looseObject({ type: z.string() }).meta({ moduleKind: kind });
  return schema as unknown as z.ZodType<ModuleConfig, NestedModule<K>>;
}

declare const partial: unique symbol;
/** Marks a nested module config whose options come in part from the enclosing module. */
export interface NestedChoice<K extends Kind> {
  readonly [partial]: K;
}

/**
 * A nested module that takes the options `supplied` from the enclosing module unless they are given.
 *
 * @example partialModuleOption('sampler', ['num', 'pos_fraction'])
 */
export function partialModuleOption<K extends Kind>(
  kind: K,
  supplied: readonly string[],
): z.ZodType<ModuleConfig, NestedChoice<K>> {
  const schema = z.looseObject({ type: z.string() }).meta({ moduleKind: kind, supplied });
  return schema as unknown as z.ZodType<ModuleConfig, NestedChoice<K>>;
}

/**
 * The config of a user-defined module, its options typed by its definition: for places typed by the catalogue alone.
 *
 * @example base.neck(configOf(MyNeck, { gain: 2 }))
 */
export function configOf<Options extends z.ZodType, Result, Type extends string, K extends Kind>(
  definition: ModuleDefinition<Options, Result, Type, K>,
  options: z.input<Options>,
): NestedModule<K> & { type: Type } {
  return { type: definition.type, ...(options as object) } as unknown as NestedModule<K> & { type: Type };
}

/** What is known while a model is being built, passed down from module to module. */
export interface BuildContext {
  registry: Registry;
  /** The module's path in the config (`model.neck`), for messages. */
  path: string;
  /** Feature levels that the previous stage outputs. */
  inputs?: FeatureSpec[];
  numClasses?: number;
}

/**
 * The type that definitions of each kind build and `build` returns, added beside each contract by declaration merging; a
 * kind without one builds `unknown`.
 *
 * @example declare module '../catalogue/registry' { interface Built { neck: Neck } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Built {}
export type BuiltOf<K extends Kind> = K extends keyof Built ? Built[K] : unknown;

/**
 * What modules of each kind declare of themselves, so that whoever builds them can check the pair and list what would fit.
 *
 * @example declare module '../catalogue/registry' { interface Contracts { assigner: AssignerContract } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: contracts add to it
export interface Contracts {}
export type ContractOf<K extends Kind> = K extends keyof Contracts ? Contracts[K] : never;

/** A module that configs can name: its options as a schema, its documentation and its builder. */
export interface ModuleDefinition<
  Options extends z.ZodType = z.ZodType,
  Result = unknown,
  Type extends string = string,
  K extends Kind = Kind,
> {
  kind: K;
  type: Type;
  /** One sentence: what it is. */
  summary: string;
  /** Authors, venue, year. */
  paper?: string;
  /** Where it comes from, if no paper describes it. */
  origin?: string;
  /** Input and output shapes in words. */
  shapes?: string;
  /** A config that runs. */
  example: string;
  /**
   * A zod strict object without `type`. Every option has `.describe('one line of meaning')`; defaults are MMDetection's.
   * An option that the builder can infer is `.optional()` and named in `inferred`.
   */
  options: Options;
  inferred?: Record<string, string>;
  /** What it needs and gives with its default options; an instance may need more. */
  contract?: ContractOf<K>;
  /**
   * Options forwarded to a nested module and checked as its options, and where they are in this module's:
   * `{ rpn_head: { train_cfg: 'train_cfg.rpn' } }`.
   */
  forwards?: Record<string, Readonly<Record<string, string>>>;
  /** Fills inferred options from the context; throws on contradictions, naming both sides. */
  infer?: (options: z.output<Options>, context: BuildContext) => z.output<Options>;
  build: (options: z.output<Options>, context: BuildContext) => Result;
}

/** Longer lists are summarised in messages. */
const MAX_LISTED = 12;

function knownText(kind: Kind, types: readonly string[]): string {
  if (types.length > MAX_LISTED) return `\`detlab modules ${kind}\` lists all ${types.length}`;
  return `Known: ${types.join(', ') || 'none'}`;
}

/** Declares a module; the identity function with types. */
export function defineModule<Options extends z.ZodType, Result extends BuiltOf<K>, Type extends string, K extends Kind>(
  definition: ModuleDefinition<Options, Result, Type, K>,
): ModuleDefinition<Options, Result, Type, K> {
  return definition;
}

// biome-ignore lint/suspicious/noExplicitAny: one list holds definitions of every options type
export type AnyDefinition = ModuleDefinition<any, any, string, Kind>;

/** A type name without its scope: `FPN` of `mmdet.FPN`. */
const bare = (type: string): string => type.slice(type.lastIndexOf('.') + 1);

export class Registry {
  private byKind = new Map<Kind, Map<string, AnyDefinition>>();
  private onInferred?: (path: string, values: Record<string, unknown>) => void;
  private scope?: string;

  constructor(definitions: Iterable<AnyDefinition> = []) {
    for (const definition of definitions) this.add(definition);
  }

  /** Adds a definition, replacing one of the same kind and type (a cell run twice). */
  add(definition: AnyDefinition): void {
    let types = this.byKind.get(definition.kind);
    if (!types) this.byKind.set(definition.kind, (types = new Map()));
    types.set(definition.type, definition);
  }

  /** The same registry, which also reports the options that modules infer while it builds them, by path in the config. */
  observed(onInferred: (path: string, values: Record<string, unknown>) => void): Registry {
    const observed = new Registry();
    observed.byKind = this.byKind;
    observed.scope = this.scope;
    observed.onInferred = onInferred;
    return observed;
  }

  /** The same registry for a config with this `default_scope`, in which type names without a scope are meant. */
  scoped(scope: string | undefined): Registry {
    const scoped = new Registry();
    scoped.byKind = this.byKind;
    scoped.onInferred = this.onInferred;
    scoped.scope = scope;
    return scoped;
  }

  types(kind: Kind): string[] {
    return [...(this.byKind.get(kind)?.keys() ?? [])];
  }

  all(): AnyDefinition[] {
    return [...this.byKind.values()].flatMap((types) => [...types.values()]);
  }

  /** Type names and contracts of all definitions of a kind that declare one. */
  contracts<K extends Kind>(kind: K): [type: string, contract: ContractOf<K>][] {
    return [...(this.byKind.get(kind)?.values() ?? [])].flatMap(({ type, contract }) =>
      contract === undefined ? [] : [[type, contract as ContractOf<K>]],
    );
  }

  /**
   * The definition of a type name, with or without MMDetection's scope (`mmdet.FPN`). Of two modules with one name, as
   * MMDetection's YOLOXHead and MMYOLO's, `mmyolo.YOLOXHead` here, the scope decides, or an option that only one has.
   */
  find(
    kind: Kind,
    type: string,
    options: Readonly<Record<string, unknown>> = {},
    scope = this.scope,
  ): AnyDefinition | undefined {
    const types = this.byKind.get(kind);
    const other = otherNamesake(type, options, scope);
    const namesake = other && types?.get(`${other.scope}.${bare(type)}`);
    return namesake ?? types?.get(type) ?? types?.get(bare(type));
  }

  /** @throws DetLabError with the nearest name of that kind. */
  get(
    kind: Kind,
    type: string,
    path = '',
    options: Readonly<Record<string, unknown>> = {},
    scope?: string,
  ): AnyDefinition {
    const definition = this.find(kind, type, options, scope);
    if (definition) return definition;
    throw new DetLabError(`Cannot find ${kind} "${type}"${path ? ` at ${path}` : ''}.${this.suggest(kind, type)}`);
  }

  /** Whether a type name is a typing error of one of this kind. */
  isTypo(kind: Kind, type: string): boolean {
    return this.types(kind).some((known) => isTypeTypo(bare(type), known));
  }

  /** Where the types of a kind are listed. */
  known(kind: Kind): string {
    return knownText(kind, this.types(kind));
  }

  /** What to write instead of an unknown type name: the nearest of its kind, and the known ones. */
  suggest(kind: Kind, type: string): string {
    const known = this.types(kind);
    const others = KINDS.filter((other) => other !== kind && this.find(other, type));
    const elsewhere = others.length ? ` "${type}" is a ${others.join(' and a ')}, not a ${kind}.` : '';
    return `${elsewhere}${didYouMean(bare(type), known)} ${knownText(kind, known)}`;
  }

  /** Checks `config` against its definition, fills defaults and inferred options, and builds the module. */
  build<K extends Kind>(kind: K, config: ModuleConfig, context: Omit<BuildContext, 'registry'>): BuiltOf<K>;
  build(kind: Kind, config: ModuleConfig, context: Omit<BuildContext, 'registry'>): unknown {
    if (typeof config?.type !== 'string')
      throw new DetLabError(
        `Cannot build a ${kind}${context.path ? ` at ${context.path}` : ''}: expected a config { type: '...' }, received ` +
          `${config?.type === undefined ? nameOfValue(config) : `type ${nameOfValue(config.type)}`}. Known types: ${this.types(kind).join(', ') || 'none'}`,
      );
    const { type, _scope_, ...rest } = config;
    const scope = typeof _scope_ === 'string' ? _scope_ : undefined;
    const definition = this.get(kind, type, context.path, rest, scope);
    const full: BuildContext = { ...context, registry: scope === undefined ? this : this.scoped(scope) };
    const parsed = parseOptions(definition, rest, context.path) as Record<string, unknown>;
    const options: Record<string, unknown> = definition.infer ? definition.infer(parsed, full) : parsed;
    const names = Object.keys(definition.inferred ?? {});
    this.onInferred?.(context.path, inferredValues(names, rest, parsed, options));
    return definition.build(options, full);
  }
}

/**
 * Parses the options of one module config with its definition's schema.
 * @throws DetLabError listing every problem by path, with the nearest option name for a misspelt one.
 */
export function parseOptions(definition: AnyDefinition, options: Record<string, unknown>, path: string): unknown {
  const result = definition.options.safeParse(options);
  if (result.success) return result.data;
  const lines = findProblems(definition.options, options, path).map(problemLine);
  throw new DetLabError(
    `Cannot use ${definition.kind} "${definition.type}":\n  ${lines.join('\n  ')}\n  describe('${definition.type}') lists its options`,
  );
}
