// What a config says and nothing acts on: options whose schema marks them as ignored, wherever they are in the config.

import type { z } from 'zod';
import { forwarded } from './check-model';
import { childOptions } from './child-options';
import { configSchema, withStandardTypes } from './config-schema';
import { ignoredValue } from './ignored-option';
import { structureOf } from './option-problems';
import { readOption } from './option-schema';
import type { Kind, Registry } from './registry';
import { otherNamesake, scopeOf } from './type-origins';

type Schema = z.core.$ZodType;
type Options = Record<string, unknown>;

export interface ConfigNotice {
  /** Dotted paths of the settings, one or several of the same value. */
  paths: readonly string[];
  message: string;
  /** Whether a run does less than the config says; otherwise only the way differs, not the outcome. */
  lost: boolean;
}

/** `train_dataloader.pin_memory: true has no effect: there is no memory to pin`. */
export function noticeLine({ paths, message }: ConfigNotice): string {
  const more = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : '';
  return `${paths.slice(0, SHOWN).join(', ')}${more}: ${message}`;
}
const SHOWN = 4;

/**
 * The settings of a config that nothing acts on; those of the same name, value and reason are one notice.
 *
 * @example findIgnoredSettings(loadConfig('yolov8_s_syncbn_fast_8xb16-500e_coco').config, catalogue).map(noticeLine)
 */
export function findIgnoredSettings(config: Options, registry: Registry): ConfigNotice[] {
  const whole = withStandardTypes(config);
  const found = [...ignoredIn(configSchema, whole, '', { registry, scope: scopeOf(config) })];
  return joined(found);
}

interface Context {
  registry: Registry;
  scope?: string;
}

function* ignoredIn(schema: Schema, value: unknown, path: string, context: Context): Generator<ConfigNotice> {
  const option = readOption(schema);
  const ignored = ignoredValue(option, value);
  if (ignored) {
    const effect = ignored.lost ? 'is not acted on' : 'has no effect';
    yield { paths: [path], message: `${valueText(value)} ${effect}: ${ignored.why}`, lost: ignored.lost };
  } else if (option.moduleKind) yield* ignoredInModule(option.moduleKind as Kind, value, path, context);
  else
    for (const child of childOptions(schema, value, path))
      yield* ignoredIn(child.schema, child.value, child.path, context);
}

function* ignoredInModule(kind: Kind, value: unknown, path: string, context: Context): Generator<ConfigNotice> {
  if (structureOf(value) !== 'object') return;
  const { type, _scope_, ...options } = value as Options;
  const definition = typeof type === 'string' ? context.registry.find(kind, type, options, context.scope) : undefined;
  // of an unknown type the check reports the type, and nothing is known of its options
  if (!definition) return;
  if (!definition.type.includes('.') && otherNamesake(type as string, options, context.scope)) return;
  const { given, asWritten } = forwarded(definition, options, path);
  for (const notice of ignoredIn(definition.options, given, path, context))
    yield { ...notice, paths: notice.paths.map(asWritten) };
}

/** A short value as it is, a long one by what it is. */
export function valueText(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  if (text.length <= 40) return text;
  return Array.isArray(value)
    ? `[...${value.length}]`
    : structureOf(value) === 'object'
      ? '{ ... }'
      : `${text.slice(0, 37)}..."`;
}

/** Notices of the same option, value and reason become one with several paths. */
function joined(notices: readonly ConfigNotice[]): ConfigNotice[] {
  const byText = new Map<string, ConfigNotice>();
  for (const notice of notices) {
    const key = `${notice.paths[0].split('.').at(-1)} ${notice.message}`;
    const before = byText.get(key);
    byText.set(key, before ? { ...before, paths: [...before.paths, ...notice.paths] } : notice);
  }
  return [...byText.values()];
}
