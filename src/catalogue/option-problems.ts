// What is wrong with a module's options, in words: path, expected, received, nearest valid name.

import { z } from 'zod';
import { nameOfValue, nearest } from '../errors';
import { readOption, shapeOf, typeText } from './option-schema';
import { originOf as typeOrigin } from './type-origins';

type Schema = z.core.$ZodType;
type Path = readonly PropertyKey[];

export interface OptionProblem {
  /** Dotted path: `model.neck.num_outs`. */
  path: string;
  message: string;
  /** The type name, where the catalogue does not have it; `origin`: the package that does. */
  unknown?: { kind: string; type: string; origin?: string };
  /** Set for a value or an option that its package has and DetLab does not. */
  lacking?: true;
  /** The option's name, where `path` has no option of this name. */
  key?: string;
}

/** Every problem of `value` against `schema`; empty for a valid one. */
export function findProblems(schema: Schema, value: unknown, path: string): OptionProblem[] {
  const result = (schema as z.ZodType).safeParse(value);
  if (result.success) return [];
  const problems = result.error.issues.flatMap((issue) => explain(issue, schema, value, path));
  // options of an unknown type cannot be judged
  const misnamed = problems
    .filter((problem) => problem.unknown)
    .map((problem) => problem.path.slice(0, -'.type'.length));
  const explained = (at: string) => misnamed.some((owner) => at === owner || at.startsWith(`${owner}.`));
  return problems.filter((problem) => problem.unknown || !explained(problem.path));
}

/** `model.neck.num_outs: expected int > 0, received the string "five"`. */
export const problemLine = ({ path, message }: OptionProblem): string => (path ? `${path}: ${message}` : message);

function explain(issue: z.core.$ZodIssue, schema: Schema, value: unknown, path: string): OptionProblem[] {
  const at = joinPath(path, issue.path);
  const received = valueAt(value, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const owner = schemaAt(schema, issue.path, value) ?? schema;
    const known = Object.keys(shapeOf(branchFor(owner, received) ?? owner) ?? {});
    return issue.keys.map((key) => ({ path: at, key, message: `unknown option "${key}"${suggest(key, known)}` }));
  }
  const option = schemaAt(schema, issue.path, value);
  if (issue.code === 'invalid_union' && option) {
    const branch = branchFor(option, received);
    if (branch && findProblems(branch, received, at).length) return findProblems(branch, received, at);
  }
  if (!isDefaultMessage(issue.message)) {
    const lacking = typeof received === 'string' && typeOrigin(received) !== undefined;
    return [{ path: at, message: withReceived(issue.message, received), ...(lacking && { lacking: true as const }) }];
  }
  if (received === undefined)
    return [{ path: at, message: `missing${option ? `; expected ${typeText(option)}` : ''}` }];
  const choices = option ? choicesOf(option) : [];
  const meant = typeof received === 'string' ? nearest(received, choices) : undefined;
  return [
    {
      path: at,
      message: `${expectation(issue, option)}, received ${nameOfValue(received)}${meant ? `. Did you mean "${meant}"?` : ''}`,
      ...(issue.path.at(-1) === 'type' &&
        typeof received === 'string' && { unknown: { kind: 'option', type: received, ...originOf(received) } }),
      ...((isTypeElsewhere(issue.path, received) || (option && isOnlyValue(option))) && { lacking: true as const }),
    },
  ];
}

/** Whether the value of `resize_type` and the like is a type that some package has. */
const isTypeElsewhere = (path: Path, value: unknown): boolean =>
  /_type$/.test(String(path.at(-1))) && typeof value === 'string' && typeOrigin(value) !== undefined;

/** Whether a schema has one value of those that the option has elsewhere: its meaning says so, 'Only false'. */
const isOnlyValue = (schema: Schema): boolean => readOption(schema).meaning?.startsWith('Only ') === true;

const originOf = (type: string): { origin: string } | undefined => {
  const origin = typeOrigin(type)?.label;
  return origin === undefined ? undefined : { origin };
};

/** Adds the received value to a schema author's `expected ...`. */
function withReceived(message: string, received: unknown): string {
  if (!message.startsWith('expected') || message.includes('received')) return message;
  return received === undefined ? `missing; ${message}` : `${message}, received ${nameOfValue(received)}`;
}

function expectation(issue: z.core.$ZodIssue, schema: Schema | undefined): string {
  if (!schema) return issue.message;
  const text = `expected ${typeText(schema)}`;
  const sized = issue.code === 'too_small' || issue.code === 'too_big';
  if (sized && issue.origin === 'array' && !text.startsWith('expected [')) {
    const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
    return `${text}, ${issue.exact ? bound.replace(/^at (least|most)/, 'exactly') : bound} of them`;
  }
  if (issue.code === 'not_multiple_of') return `${text}, a multiple of ${issue.divisor}`;
  return text;
}

/** Whether zod worded the message, not the schema's author. */
const isDefaultMessage = (message: string) => /^(Invalid |Too (big|small)|Unrecognized )/.test(message);

/** The union member that `value` is checked against: the one of the same `type`, else the only one of its structure. */
function branchFor(schema: Schema, value: unknown): Schema | undefined {
  const { def } = (readOption(schema).inner as z.core.$ZodTypes)._zod;
  if (def.type !== 'union') return undefined;
  const structure = structureOf(value);
  const alike = def.options.filter((option) => schemaStructure(option) === structure);
  if (structure === 'object') {
    const { type } = value as { type?: unknown };
    const named = alike.find((option) => {
      const typeName = shapeOf(option)?.type;
      return typeName !== undefined && (typeName as z.ZodType).safeParse(type).success;
    });
    if (named) return named;
  }
  return alike.length === 1 && structure !== 'value' ? alike[0] : undefined;
}

/** The strings a schema accepts, for suggestions. */
function choicesOf(schema: Schema): string[] {
  const { def } = (readOption(schema).inner as z.core.$ZodTypes)._zod;
  if (def.type === 'enum') return Object.values(def.entries).map(String);
  if (def.type === 'literal') return def.values.filter((value) => typeof value === 'string');
  if (def.type === 'union') return def.options.flatMap(choicesOf);
  return [];
}

/** The schema at a path inside a schema; inside a union, of the member that `branchFor` picks. */
function schemaAt(schema: Schema, path: Path, value: unknown): Schema | undefined {
  if (path.length === 0) return schema;
  const [key, ...rest] = path;
  const inner = readOption(schema).inner;
  const { def } = (inner as z.core.$ZodTypes)._zod;
  const below = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  if (def.type === 'object') {
    const option = (def.shape as Record<PropertyKey, Schema>)[key];
    return option && schemaAt(option, rest, below);
  }
  if (def.type === 'array') return schemaAt(def.element, rest, below);
  if (def.type === 'record') return schemaAt(def.valueType, rest, below);
  if (def.type === 'tuple') return def.items[Number(key)] && schemaAt(def.items[Number(key)], rest, below);
  if (def.type === 'union') {
    const branch = branchFor(inner, value);
    if (branch) return schemaAt(branch, path, value);
    // configs that differ by `type`, and none has this `type`: the union of their types
    const types = def.options.map((option) => shapeOf(option)?.[String(key)]).filter((type) => type !== undefined);
    return rest.length === 0 && types.length === def.options.length
      ? z.union(types as [z.ZodType, ...z.ZodType[]])
      : undefined;
  }
  return undefined;
}

type Structure = 'object' | 'list' | 'value';
export function structureOf(value: unknown): Structure {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' && value !== null ? 'object' : 'value';
}

export function schemaStructure(schema: Schema): Structure {
  const { def } = (readOption(schema).inner as z.core.$ZodTypes)._zod;
  if (def.type === 'object' || def.type === 'record') return 'object';
  return def.type === 'array' || def.type === 'tuple' ? 'list' : 'value';
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], value);
}

const joinPath = (path: string, below: Path) => [path, ...below.map(String)].filter(Boolean).join('.');

/** `. Did you mean "num_outs"?`, or every known name when none is near. */
function suggest(name: string, known: readonly string[]): string {
  const near = nearest(name, known) ?? known.find((one) => one.startsWith(name) || name.startsWith(one));
  if (near !== undefined) return `. Did you mean "${near}"?`;
  return known.length ? `. Known: ${known.join(', ')}` : '. It takes no options';
}
