// The types of configs, derived from the catalogue: a module's config is `type` and the options its definition checks,
// and the configs of one kind are a union told apart by `type`.

import type { z } from 'zod';
import type { BuiltInChoice, BuiltInConfig, BuiltInName, BuiltInOverride } from './module-configs';
import type { Kind, ModuleConfig, ModuleDefinition, NestedChoice, NestedModule } from './registry';

/**
 * Definitions of the user's own modules, by any name, for the types to know them (`configOf` does without).
 *
 * @example declare module 'detlab' { interface UserModules { MyNeck: typeof MyNeck } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to
export interface UserModules {}

type Own<K extends Kind> = Extract<UserModules[keyof UserModules], { kind: K }>;

/** What a schema takes; that of a module without options is an object without keys, not one that forbids `type`. */
type InputOf<Options extends z.ZodType> =
  z.input<Options> extends Record<string, never> ? Record<never, never> : z.input<Options>;

/** The config of one definition: `{ type: 'FPN', out_channels: number, ... }`. */
export type ModuleConfigOf<D> =
  D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer _Kind>
    ? { type: Type } & Filled<InputOf<Options>>
    : never;

/** A config and the same with a scope before its type name, as MMYOLO's configs have them: `mmdet.FPN`. */
type WithScope<C> = C | Scoped<C>;
type Scoped<C> = C extends { type: infer Type extends string }
  ? { [Key in keyof C]: Key extends 'type' ? `${string}.${Type}` : C[Key] }
  : never;

/** Any module of a kind. Kinds without a definition take any config. */
export type ConfigOf<K extends Kind> = [TypeName<K>] extends [never]
  ? ModuleConfig
  : WithScope<BuiltInConfig<K> | ModuleConfigOf<Own<K>>>;

/** A schema's input with the configs of nested modules put in their places. */
export type Filled<T> =
  T extends NestedModule<infer K>
    ? ConfigOf<K> | NestedModule<K>
    : T extends NestedChoice<infer K>
      ? ModuleChoice<K>
      : T extends object
        ? { [Key in keyof T]: Filled<T[Key]> }
        : T;

/** What a config that inherits may say of a value: any part of an object, or `_delete_: true` and all of it. */
export type Override<T> =
  T extends NestedModule<infer K>
    ? ModuleOverride<K> | NestedModule<K>
    : T extends NestedChoice<infer K>
      ? ModuleOverride<K>
      : T extends readonly unknown[]
        ? Filled<T>
        : T extends object
          ? { [Key in keyof T]?: Override<T[Key]> } & { _delete_?: boolean }
          : T;

/** The config of one definition with any of its options left out. */
export type ChoiceOf<D> =
  D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer _Kind>
    ? { type: Type } & Override<InputOf<Options>>
    : never;
/** The same, its `type` left out too. */
export type OverrideOf<D> =
  D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer _Kind>
    ? { type?: Type } & Override<InputOf<Options>>
    : never;

/** A part of an inherited module: any of its options, its `type` too only when it changes. */
export type ModuleOverride<K extends Kind> = [TypeName<K>] extends [never]
  ? Partial<ModuleConfig>
  : BuiltInOverride<K> | OverrideOf<Own<K>> | Scoped<BuiltInChoice<K> | ChoiceOf<Own<K>>>;

/**
 * A module put in the place of another: its `type`, and those of its options that are not taken over; or a module of
 * your own by `configOf`.
 */
export type ModuleChoice<K extends Kind> =
  | ([TypeName<K>] extends [never] ? ModuleConfig : WithScope<BuiltInChoice<K> | ChoiceOf<Own<K>>>)
  | NestedModule<K>;

/** The type names of a kind: `'FPN' | 'PAFPN'`. */
export type TypeName<K extends Kind> = BuiltInName<K> | Own<K>['type'];

export type DetectorConfig = ConfigOf<'detector'>;
export type BackboneConfig = ConfigOf<'backbone'>;
export type NeckConfig = ConfigOf<'neck'>;
export type DenseHeadConfig = ConfigOf<'dense_head'>;
export type RoIHeadConfig = ConfigOf<'roi_head'>;
export type BBoxHeadConfig = ConfigOf<'bbox_head'>;
export type LossConfig = ConfigOf<'loss'>;
export type AnchorGeneratorConfig = ConfigOf<'anchor_generator'>;
export type AssignerConfig = ConfigOf<'assigner'>;
export type SamplerConfig = ConfigOf<'sampler'>;
export type DatasetConfig = ConfigOf<'dataset'>;
export type TransformConfig = ConfigOf<'transform'>;
export type MetricConfig = ConfigOf<'metric'>;
export type OptimizerConfig = ConfigOf<'optimizer'>;
export type ParamSchedulerConfig = ConfigOf<'param_scheduler'>;
export type HookConfig = ConfigOf<'hook'>;
