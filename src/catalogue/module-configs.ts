// What the types of configs know of the built-in modules, by kind. The list of built-in modules is the lab's, which fills
// these interfaces (lab/built-in-configs.ts); the catalogue itself knows no module.

import type { Kind } from './registry';

/** Type names, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: the lab adds to it
export interface BuiltInNames {}
/** Whole configs, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: the lab adds to it
export interface BuiltInConfigs {}
/** `type`, and any of the options, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: the lab adds to it
export interface BuiltInChoices {}
/** Any part of a config, by kind. */
// biome-ignore lint/suspicious/noEmptyInterface: the lab adds to it
export interface BuiltInOverrides {}

type LookUp<Table, K extends Kind> = K extends keyof Table ? Table[K] : never;

/** The type names of a kind: `'FPN' | 'PAFPN'`. */
export type BuiltInName<K extends Kind> = LookUp<BuiltInNames, K>;
/** A whole config. */
export type BuiltInConfig<K extends Kind> = LookUp<BuiltInConfigs, K>;
/** Its `type`, and any of its options. */
export type BuiltInChoice<K extends Kind> = LookUp<BuiltInChoices, K>;
/** Any part of it. */
export type BuiltInOverride<K extends Kind> = LookUp<BuiltInOverrides, K>;
