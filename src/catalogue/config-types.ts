// The types of configs, derived from the catalogue: a module's config is `type` plus the options its definition checks,
// and the configs of one kind are a union discriminated by `type`.

import type { z } from 'zod';
import type { BuiltInChoice, BuiltInConfig, BuiltInName, BuiltInOverride } from './module-configs';
import type { Kind, ModuleConfig, ModuleDefinition, NestedChoice, NestedModule } from './registry';

/**
 * Definitions of user-defined modules under any key, so that config types accept them (`configOf` needs no declaration). In a
 * notebook `register(MyNeck)` declares them by itself.
 *
 * @example declare module 'detlab' { interface UserModules { MyNeck: typeof MyNeck } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface UserModules {}

type UserModule<K extends Kind> = Extract<UserModules[keyof UserModules], { kind: K }>;

/** A schema's input; for a module without options an object without keys, not one that forbids `type`. */
type InputOf<Options extends z.ZodType> =
  z.input<Options> extends Record<string, never> ? Record<never, never> : z.input<Options>;

/** The config of one definition: `{ type: 'FPN', out_channels: number, ... }`. */
export type ModuleConfigOf<D> =
  D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer _Kind>
    ? { type: Type } & Filled<InputOf<Options>>
    : never;

/** A config with or without a scope before its type name, as in MMYOLO's configs: `mmdet.FPN`. */
type WithScope<C> = C | Scoped<C>;
type Scoped<C> = C extends { type: infer Type extends string }
  ? { [Key in keyof C]: Key extends 'type' ? `${string}.${Type}` : C[Key] }
  : never;

/** The config of any module of a kind; of a kind without definitions, any config. */
export type ConfigOf<K extends Kind> = [TypeName<K>] extends [never]
  ? ModuleConfig
  : WithScope<BuiltInConfig<K> | ModuleConfigOf<UserModule<K>>>;

/** A schema's input with the markers of nested modules replaced by their config types. */
export type Filled<T> =
  T extends NestedModule<infer K>
    ? ConfigOf<K> | NestedModule<K>
    : T extends NestedChoice<infer K>
      ? ModuleChoice<K>
      : T extends object
        ? { [Key in keyof T]: Filled<T[Key]> }
        : T;

/** How an inheriting config may override a value: any subset of an object's keys, or `_delete_: true` and a whole object. */
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

/** The config of one definition with every option optional. */
export type ChoiceOf<D> =
  D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer _Kind>
    ? { type: Type } & Override<InputOf<Options>>
    : never;
/** The same, `type` optional too. */
export type OverrideOf<D> =
  D extends ModuleDefinition<infer Options, infer _Built, infer Type, infer _Kind>
    ? { type?: Type } & Override<InputOf<Options>>
    : never;

/** An override of an inherited module: any of its options; `type` only where it changes. */
export type ModuleOverride<K extends Kind> = [TypeName<K>] extends [never]
  ? Partial<ModuleConfig>
  : BuiltInOverride<K> | OverrideOf<UserModule<K>> | Scoped<BuiltInChoice<K> | ChoiceOf<UserModule<K>>>;

/**
 * A module that replaces another: its `type` and the options it does not take over; or a user-defined module by
 * `configOf`.
 */
export type ModuleChoice<K extends Kind> =
  | ([TypeName<K>] extends [never] ? ModuleConfig : WithScope<BuiltInChoice<K> | ChoiceOf<UserModule<K>>>)
  | NestedModule<K>;

/** The type names of a kind: `'FPN' | 'PAFPN'`. */
export type TypeName<K extends Kind> = BuiltInName<K> | UserModule<K>['type'];

/** Config of a detector, `model` of a config file: `type` decides which options there are. */
export type DetectorConfig = ConfigOf<'detector'>;
/** Config of a backbone. */
export type BackboneConfig = ConfigOf<'backbone'>;
/** Config of a neck. */
export type NeckConfig = ConfigOf<'neck'>;
/** Config of a dense head: RPN's, or that of a one-stage detector. */
export type DenseHeadConfig = ConfigOf<'dense_head'>;
/** Config of a RoI head, the second stage. */
export type RoIHeadConfig = ConfigOf<'roi_head'>;
/** Config of a box head inside a RoI head. */
export type BBoxHeadConfig = ConfigOf<'bbox_head'>;
/** Config of a loss. */
export type LossConfig = ConfigOf<'loss'>;
/** Config of a prior generator. */
export type AnchorGeneratorConfig = ConfigOf<'anchor_generator'>;
/** Config of an assigner. */
export type AssignerConfig = ConfigOf<'assigner'>;
/** Config of a sampler. */
export type SamplerConfig = ConfigOf<'sampler'>;
/** Config of a dataset. */
export type DatasetConfig = ConfigOf<'dataset'>;
/** Config of a transform of a pipeline. */
export type TransformConfig = ConfigOf<'transform'>;
/** Config of a metric, `val_evaluator` and `test_evaluator`. */
export type MetricConfig = ConfigOf<'metric'>;
/** Config of an optimizer. */
export type OptimizerConfig = ConfigOf<'optimizer'>;
/** Config of a schedule of the learning rate or momentum. */
export type ParamSchedulerConfig = ConfigOf<'param_scheduler'>;
/** Config of a hook. */
export type HookConfig = ConfigOf<'hook'>;
