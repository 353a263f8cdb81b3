// Config types of the built-in modules, by kind. The catalogue itself lists no module: lab/built-in-configs.ts fills these
// interfaces by declaration merging.

import type { Kind } from './registry';

/** Type names, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging in lab
export interface BuiltInNames {}
/** Whole configs, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging in lab
export interface BuiltInConfigs {}
/** Configs with every option optional, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging in lab
export interface BuiltInChoices {}
/** Configs with every option and `type` optional, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging in lab
export interface BuiltInOverrides {}

type LookUp<Table, K extends Kind> = K extends keyof Table ? Table[K] : never;

/** The type names of a kind: `'FPN' | 'PAFPN'`. */
export type BuiltInName<K extends Kind> = LookUp<BuiltInNames, K>;
/** The whole config of a module of a kind. */
export type BuiltInConfig<K extends Kind> = LookUp<BuiltInConfigs, K>;
/** The same, every option optional. */
export type BuiltInChoice<K extends Kind> = LookUp<BuiltInChoices, K>;
/** The same, `type` optional too. */
export type BuiltInOverride<K extends Kind> = LookUp<BuiltInOverrides, K>;
