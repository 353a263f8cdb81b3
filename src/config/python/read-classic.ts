// Reads classic Python configs, with bases in `_base_`: mmengine's Config._file2dict, without executing code.

import type { BaseRequest } from '../document';
import { errorAt, type SourceFile } from '../source';
import { checkDepth } from './budget';
import { deepCopy } from './config-dict';
import { Evaluator, Scope } from './evaluate';
import { mergeDicts } from './merge';
import { parsePython } from './parse';
import { isCode } from './plain';
import type { PythonReading } from './python-config';
import { sourceContext } from './source-context';
import { Interpreter } from './statements';
import { type SubstitutedText, substitute } from './substitute';
import type { Statement } from './syntax';
import { BaseVariable, Dict, Tuple, type Value } from './values';

export function readClassic(source: SourceFile, reading: PythonReading): Dict {
  const text = reading.placing(source, () => substitute(source.path, source.text, reading.environment));
  const context = sourceContext(source, text.original, reading.explain);
  const statements = reading.placing(source, () => parsePython(text.text), text.original);
  const scope = new Scope();
  const base = joinedBases(source, statements, context, text, reading);
  scope.names.set('_base_', base);
  for (const [name, variable] of text.baseVariables) scope.names.set(name, variable);
  const interpreter = new Interpreter(context, scope, foreignImport(context), new Set(['_base_']));
  interpreter.run(statements);

  const config = new Dict();
  for (const [name, value] of scope.names)
    if (name !== '_base_' && !name.startsWith('__') && !isCode(value))
      config.set(name, value, interpreter.origins.get(name));
  noteDeprecation(config, source, reading);
  const filled = fillBaseVariables(config, base, source) as Dict;
  return mergeDicts(filled, base, { child: source.path });
}

const foreignImport = (context: ReturnType<typeof sourceContext>) => (statement: Statement) =>
  context.fail(
    statement.at,
    'a config with _base_ can import only modules of the standard library. Write the name of the class as a string',
  );

/** The union of the bases, as ConfigDicts that the file may read and change. */
function joinedBases(
  source: SourceFile,
  statements: readonly Statement[],
  context: ReturnType<typeof sourceContext>,
  text: SubstitutedText,
  reading: PythonReading,
): Dict {
  const joined = new Dict();
  joined.config = true;
  const owner = new Map<unknown, string>();
  for (const request of baseRequests(source, statements, context, text)) {
    const { config, scope } = reading.load(request);
    const base = toConfigDict(config, scope, true) as Dict;
    const twice = base.keys().filter((key) => owner.has(key));
    if (twice.length) {
      const list = twice.map((key) => `"${String(key)}" (${owner.get(key)})`).join(', ');
      throw errorAt(
        request.place,
        `the base ${request.request} sets keys of another base: ${list}. ` +
          'Bases must not share top-level keys: inherit from one of them and override in the child',
      );
    }
    for (const { key, value, origin } of base.entries.values()) {
      joined.set(key, value, origin);
      owner.set(key, request.request);
    }
  }
  return joined;
}

function baseRequests(
  source: SourceFile,
  statements: readonly Statement[],
  context: ReturnType<typeof sourceContext>,
  text: SubstitutedText,
): BaseRequest[] {
  const assignment = statements.find(
    (statement) =>
      statement.kind === 'assign' && statement.targets[0].kind === 'name' && statement.targets[0].name === '_base_',
  );
  if (assignment?.kind !== 'assign') return [];
  const value = new Evaluator(context).evaluate(assignment.value, new Scope());
  const place = { source, offset: text.original(assignment.at) };
  return (Array.isArray(value) ? value : [value]).map((request) => {
    if (typeof request === 'string') return { request, place };
    throw errorAt(
      place,
      "expected a path or a list of paths in _base_. Write _base_ = '../_base_/models/faster-rcnn_r50_fpn.py'",
    );
  });
}

/** All dictionaries as ConfigDicts; the outermost with a type are marked with the package of the base. */
export function toConfigDict(value: Value, scope: string | undefined, marking: boolean, depth = 0): Value {
  checkDepth(depth);
  if (Array.isArray(value)) return value.map((item) => toConfigDict(item, scope, marking, depth + 1));
  if (value instanceof Tuple)
    return new Tuple(value.items.map((item) => toConfigDict(item, scope, marking, depth + 1)));
  if (!(value instanceof Dict)) return value;
  const made = new Dict();
  made.config = true;
  const typed = marking && value.has('type');
  for (const { key, value: item, origin } of value.entries.values())
    made.set(key, toConfigDict(item, scope, marking && !typed, depth + 1), origin);
  if (typed && scope !== undefined && (made.get('_scope_') ?? null) === null) made.set('_scope_', scope);
  return made;
}

/** A copy of `value` with base variables replaced by the base's values. */
function fillBaseVariables(value: Value, base: Dict, source: SourceFile, depth = 0): Value {
  if (typeof value !== 'object' || value === null) return value;
  checkDepth(depth);
  const inside = (item: Value) => fillBaseVariables(item, base, source, depth + 1);
  if (value instanceof BaseVariable) return baseValue(value, base, source);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Tuple) return new Tuple(value.items.map(inside));
  if (!(value instanceof Dict)) return value;
  const filled = new Dict();
  for (const { key, value: item, origin } of value.entries.values()) filled.set(key, inside(item), origin);
  return filled;
}

function baseValue(variable: BaseVariable, base: Dict, source: SourceFile): Value {
  let value: Value = base;
  for (const key of variable.path.split('.')) {
    const next: Value | undefined = value instanceof Dict ? value.get(key) : undefined;
    if (next === undefined) {
      const known = value instanceof Dict ? ` Known: ${value.keys().slice(0, 30).map(String).join(', ')}` : '';
      throw errorAt(
        { source, offset: variable.at },
        `the bases have no "${variable.path}" (there is no "${key}").${known}`,
      );
    }
    value = next;
  }
  return deepCopy(value);
}

function noteDeprecation(config: Dict, source: SourceFile, reading: PythonReading): void {
  const info = config.get('_deprecation_');
  if (info === undefined) return;
  config.delete('_deprecation_');
  const entry = (key: string) => (info instanceof Dict ? info.get(key) : undefined);
  const [expected, reference] = [entry('expected'), entry('reference')];
  reading.notices.push(
    `${source.path} is deprecated.` +
      (typeof expected === 'string' ? ` Use ${expected} instead.` : '') +
      (typeof reference === 'string' ? ` See ${reference}` : ''),
  );
}
