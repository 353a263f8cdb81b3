// Reads a zod schema of options: type, default and meaning of each option, and where module configs nest.

import type { z } from 'zod';
import { globalRegistry } from 'zod';

type Schema = z.core.$ZodType;

/** The mark of an option that nothing acts on: see ignored-option.ts. */
export interface Ignored {
  /** What happens instead. */
  why: string;
  /** Values that make no difference, besides null and the default; or whether one makes none. */
  harmless: readonly unknown[] | ((value: unknown) => boolean);
  /** Whether a run does less than the option says; otherwise only the way differs, not the outcome. */
  lost: boolean;
}

/** An option's inner schema, and what its wrappers (`.optional()`, `.default()`, `.nullable()`, ...) add. */
export interface OptionSchema {
  inner: Schema;
  required: boolean;
  nullable: boolean;
  /** The value used when the option is omitted. */
  default?: { value: unknown };
  meaning?: string;
  /** The kind of module whose config this option holds. */
  moduleKind?: string;
  /** Options of that module which the enclosing module supplies. */
  supplied?: readonly string[];
  /** Set where nothing acts on the option. */
  ignored?: Ignored;
  /** The type in words, where the schema gives it (`.meta({ typeText })`). */
  typeText?: string;
}

interface Meta {
  description?: string;
  moduleKind?: string;
  supplied?: readonly string[];
  typeText?: string;
  ignored?: Ignored;
}

/** Peels the wrappers off a schema, outermost first. */
export function readOption(schema: Schema): OptionSchema {
  const option: OptionSchema = { inner: schema, required: true, nullable: false };
  for (let at: Schema | undefined = schema; at; ) {
    const meta = globalRegistry.get(at) as Meta | undefined;
    option.meaning ??= meta?.description;
    option.moduleKind ??= meta?.moduleKind;
    option.supplied ??= meta?.supplied;
    option.typeText ??= meta?.typeText;
    option.ignored ??= meta?.ignored;
    option.inner = at;
    const def: z.core.$ZodTypes['_zod']['def'] = (at as z.core.$ZodTypes)._zod.def;
    switch (def.type) {
      case 'default':
      case 'prefault':
        option.default ??= { value: def.defaultValue };
        option.required = false;
        at = def.innerType;
        break;
      case 'optional':
        option.required = false;
        at = def.innerType;
        break;
      case 'nullable':
        option.nullable = true;
        at = def.innerType;
        break;
      case 'readonly':
      case 'nonoptional':
      case 'catch':
        at = def.innerType;
        break;
      case 'pipe':
        // a transform before the checks (`z.preprocess`) hides its input; the checks are on its output
        at = (def.in as z.core.$ZodTypes)._zod.def.type === 'transform' ? def.out : def.in;
        break;
      case 'lazy':
        at = def.getter();
        break;
      default:
        at = undefined;
    }
  }
  return option;
}

/** The options of a schema by name, or undefined when it is not an object. */
export function shapeOf(schema: Schema): Record<string, Schema> | undefined {
  const { def } = (readOption(schema).inner as z.core.$ZodTypes)._zod;
  return def.type === 'object' ? (def.shape as Record<string, Schema>) : undefined;
}

/** The type of an option in words: `int > 0`, `'BN' | 'GN'`, `list of int`, `loss config`. */
export function typeText(schema: Schema): string {
  const { inner, nullable, moduleKind, typeText: given } = readOption(schema);
  const text = given ?? (moduleKind ? `${moduleKind} config` : innerText(inner as z.core.$ZodTypes));
  return nullable && text !== 'null' ? `${text} | null` : text;
}

function innerText(schema: z.core.$ZodTypes): string {
  const { def } = schema._zod;
  switch (def.type) {
    case 'number':
      return numberText(def);
    case 'literal':
      return def.values.map(literalText).join(' | ');
    case 'enum':
      return Object.values(def.entries).map(literalText).join(' | ');
    case 'array':
      return `list of ${parenthesised(typeText(def.element))}`;
    case 'tuple':
      return `[${def.items.map(typeText).join(', ')}]`;
    case 'union':
      return unionText(def.options);
    case 'record':
      return `{ name: ${typeText(def.valueType)} }`;
    case 'object':
      return objectText(def.shape as Record<string, Schema>);
    case 'unknown':
    case 'any':
      return 'any value';
    default:
      return def.type;
  }
}

type NumberDef = z.core.$ZodNumberDef & { check?: string };
interface NumberCheck {
  check: string;
  format?: string;
  value?: number;
  inclusive?: boolean;
}

function numberText(def: NumberDef): string {
  // `z.int()` is a check itself; `.min()`, `.positive()` and the like are attached to it
  const checks = [
    def as unknown as NumberCheck,
    ...(def.checks ?? []).map((c) => c._zod.def as unknown as NumberCheck),
  ];
  const name = checks.some(({ check, format }) => check === 'number_format' && format?.includes('int'))
    ? 'int'
    : 'number';
  const low = checks.find(({ check }) => check === 'greater_than');
  const high = checks.find(({ check }) => check === 'less_than');
  if (low?.inclusive && high?.inclusive) return `${name} ${low.value} to ${high.value}`;
  const bounds: string[] = [];
  if (low) bounds.push(`${low.inclusive ? '>=' : '>'} ${low.value}`);
  if (high) bounds.push(`${high.inclusive ? '<=' : '<'} ${high.value}`);
  return [name, bounds.join(' and ')].filter(Boolean).join(' ');
}

function unionText(options: readonly Schema[]): string {
  const types = options.map((option) => shapeOf(option)?.type);
  // configs that differ by `type` are written as one: { type: 'BN' | 'GN', ... }
  if (options.length > 1 && types.every((type) => type !== undefined))
    return `{ type: ${types.map((type) => typeText(type as Schema)).join(' | ')}, ... }`;
  return [...new Set(options.map(typeText))].join(' | ');
}

function objectText(shape: Record<string, Schema>): string {
  const keys = Object.keys(shape);
  if (shape.type) return `{ type: ${typeText(shape.type)}${keys.length > 1 ? ', ...' : ''} }`;
  return keys.length ? `{ ${keys.join(', ')} }` : 'object';
}

const parenthesised = (text: string) => (text.includes(' | ') ? `(${text})` : text);
const literalText = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value));
