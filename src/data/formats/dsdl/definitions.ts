// The definitions of a DSDL data set: class domains, and structs, whose fields are found by paths: `./objects/*/bbox`.

import { DetLabError, didYouMean, nameOfValue } from '../../../errors';
import { fieldsOf, nameOf } from '../../datasets/coco/fields';
import { namesOfArgument, parseType, type TypeExpression } from './type-expression';

/** A field of a sample, however deep. */
export interface FieldPath {
  /** `objects`, `*` (each element of a list), `bbox`. */
  segments: readonly string[];
  /** `BBox`, `Label`, `Bool`, ... */
  type: string;
  /** Its arguments that are names: `mode=xyxy`. */
  settings: ReadonlyMap<string, string>;
  /** The class domains of a label. */
  domains: readonly string[];
}

export interface Struct {
  parameters: readonly string[];
  fields: ReadonlyMap<string, TypeExpression>;
}

export interface Definitions {
  /** Class names by the name of their domain. */
  domains: Map<string, readonly string[]>;
  structs: Map<string, Struct>;
}

/** A sample may have at most this many fields: structs within structs multiply. */
const MOST_FIELDS = 10_000;

/** `./objects/*` + `/bbox`. */
export const written = (segments: readonly (string | number)[]): string => ['.', ...segments].join('/');

/** Adds what a file defines; of two definitions of one name the later one holds. @throws DetLabError naming file and key */
export function define(definitions: Definitions, defs: Record<string, unknown>, file: string): void {
  for (const [name, value] of Object.entries(defs)) {
    if (name.startsWith('$')) continue;
    const where = `"${file}", ${name}`;
    const fields = fieldsOf(value);
    const kind = fields?.$def;
    definitions.domains.delete(name);
    definitions.structs.delete(name);
    if (fields && kind === 'class_domain') definitions.domains.set(name, classesOf(fields.classes, where));
    else if (fields && kind === 'struct') definitions.structs.set(name, structOf(fields, where));
    else
      throw new DetLabError(
        `Cannot use ${where}: expected $def: struct or $def: class_domain, received ${nameOfValue(fields ? kind : value)}.` +
          didYouMean(String(kind), ['struct', 'class_domain']),
      );
  }
}

function classesOf(given: unknown, where: string): string[] {
  if (!Array.isArray(given) || given.length === 0)
    throw new DetLabError(`Cannot use ${where}.classes: expected a list of names, received ${nameOfValue(given)}`);
  const names = given.map((name, i) => {
    const found = nameOf(name)?.trim();
    if (found !== undefined) return found;
    throw new DetLabError(`Cannot use ${where}.classes[${i}]: expected a name, received ${nameOfValue(name)}`);
  });
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new DetLabError(`Cannot use ${where}.classes: "${twice}" is in it twice`);
  return names;
}

function structOf({ $params, $fields }: Record<string, unknown>, where: string): Struct {
  const parameters = Array.isArray($params) ? $params.flatMap((name) => nameOf(name) ?? []) : [];
  const given = fieldsOf($fields);
  if (!given)
    throw new DetLabError(
      `Cannot use ${where}.$fields: expected a type for each name, received ${nameOfValue($fields)}`,
    );
  const fields = Object.entries(given).map(([name, type]) => {
    const at = `${where}.$fields.${name}`;
    if (typeof type !== 'string')
      throw new DetLabError(`Cannot use ${at}: expected a type such as BBox, received ${nameOfValue(type)}`);
    return [name.trim(), parseType(type, at)] as const;
  });
  return { parameters, fields: new Map(fields) };
}

/**
 * All fields of a sample in the order of the dsdl package: of each struct its own ones before those of structs in it.
 * @throws DetLabError for structs that are not defined or contain themselves
 */
export function fieldPaths({ structs, domains }: Definitions, sample: TypeExpression, file: string): FieldPath[] {
  const found: FieldPath[] = [];
  const bad = (what: string): DetLabError => new DetLabError(`Cannot use "${file}": ${what}`);
  const resolved = (names: readonly string[], values: ReadonlyMap<string, readonly string[]>): readonly string[] =>
    names.flatMap((name) => {
      const known = name.startsWith('$') ? values.get(name.slice(1)) : [name];
      if (!known)
        throw bad(`${name} is none of the $params that are given: ${[...values.keys()].join(', ') || 'none'}`);
      return known;
    });

  type Values = ReadonlyMap<string, readonly string[]>;
  const visit = (
    type: TypeExpression,
    segments: readonly string[],
    values: Values,
    within: readonly string[],
  ): void => {
    const { name } = type;
    const struct = structs.get(name);
    if (name === 'List') {
      const element = type.arguments.get('etype');
      if (!element || !('name' in element)) throw bad(`${written(segments)} is a List without etype`);
      visit(element, [...segments, '*'], values, within);
    } else if (struct) {
      if (within.includes(name))
        throw bad(`${written(segments)}: ${name} contains itself (${[...within, name].join(' > ')})`);
      const given = new Map(
        struct.parameters.flatMap((parameter) => {
          const argument = type.arguments.get(parameter);
          return argument ? [[parameter, resolved(namesOfArgument(argument), values)] as const] : [];
        }),
      );
      const isStruct = ([, { name: of }]: readonly [string, TypeExpression]): boolean => structs.has(of);
      const fields = [...struct.fields];
      for (const [key, of] of [...fields.filter((field) => !isStruct(field)), ...fields.filter(isStruct)])
        visit(of, [...segments, key], given, [...within, name]);
    } else {
      if (segments.length === 0 || domains.has(name))
        throw bad(`the struct ${name} is not defined.${didYouMean(name, [...structs.keys()])}`);
      const dom = type.arguments.get('dom');
      const settings = [...type.arguments].flatMap(([key, value]) =>
        'name' in value ? [[key, value.name] as const] : [],
      );
      found.push({
        segments,
        type: name,
        settings: new Map(settings),
        domains: dom ? resolved(namesOfArgument(dom), values) : [],
      });
      if (found.length > MOST_FIELDS)
        throw bad(`its samples have more than ${MOST_FIELDS.toLocaleString('en')} fields`);
    }
  };
  visit(sample, [], new Map([...sample.arguments].map(([key, value]) => [key, namesOfArgument(value)])), []);
  return found;
}
