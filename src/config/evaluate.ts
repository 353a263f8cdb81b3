// Evaluates an expression of a config file without executing code: literals, objects, lists, spreads, constants, arithmetic
// and members of imported configs. Anything else is an error with advice on what to write instead.

import type { Expression, Node, ObjectExpression, TemplateLiteral } from '@babel/types';
import { didYouMean, nameOfValue } from '../errors';
import { type ConfigObject, type ConfigValue, countNodes, isObject, LIMITS } from './data';
import { type KeyPlace, notePlaces, placesOf } from './places';
import { errorAt, type SourceFile } from './source';
import { fillFileVariables } from './variables';

export interface Scope {
  source: SourceFile;
  /** JSON has literals only. */
  json: boolean;
  /** The value of a name, or undefined if it is not defined. */
  lookup: (name: string) => ConfigValue | undefined;
  /** Names in scope, for suggestions. */
  names: () => Iterable<string>;
}

/** @throws DetLabError with file, line, column and the source line. */
export function evaluate(node: Node, scope: Scope, depth = 0): ConfigValue {
  if (depth > LIMITS.nesting)
    throw fail(node, scope, `values nest deeper than ${LIMITS.nesting}. Assign the inner ones to names`);
  const inner = (child: Node) => evaluate(child, scope, depth + 1);
  switch (node.type) {
    case 'StringLiteral':
      return fillFileVariables(node.value, { source: scope.source, offset: node.start ?? 0 });
    case 'NumericLiteral':
    case 'BooleanLiteral':
      return node.value;
    case 'NullLiteral':
      return null;
    case 'ArrayExpression': {
      const list: ConfigValue[] = [];
      for (const element of node.elements) {
        if (element === null) throw fail(node, scope, 'the list has an empty element. Write null, or remove the comma');
        if (element.type !== 'SpreadElement') list.push(inner(element));
        else for (const value of spreadList(element.argument, scope, inner)) list.push(value);
      }
      return bounded(list, node, scope);
    }
    case 'ObjectExpression':
      return bounded(evaluateObject(node, scope, inner), node, scope);
    case 'UnaryExpression':
      return evaluateUnary(node.operator, inner(node.argument), node, scope);
  }
  if (scope.json) throw fail(node, scope, 'JSON has only objects, lists, strings, numbers, true, false and null');
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'ParenthesizedExpression':
      return inner(node.expression);
    case 'TemplateLiteral':
      return evaluateTemplate(node, scope, inner);
    case 'Identifier':
      return evaluateName(node.name, node, scope);
    case 'MemberExpression':
      return evaluateMember(inner(node.object), memberKey(node, scope, inner), node, scope);
    case 'BinaryExpression':
      return evaluateBinary(node.operator, inner(node.left), inner(node.right), node, scope);
  }
  throw fail(node, scope, `${INSTEAD[node.type] ?? `${node.type} is not data. Write the value itself`}`);
}

/** Advice for syntax that a config cannot contain. */
const INSTEAD: Record<string, string> = {
  CallExpression: 'a config is read, not executed, so it cannot call functions. Write the resulting value',
  NewExpression: 'a config is read, not executed, so it cannot create objects. Write a plain object { ... }',
  ArrowFunctionExpression: 'a function is not data. Write the value itself',
  FunctionExpression: 'a function is not data. Write the value itself',
  ClassExpression: 'a class is not data. Name the module by its type: { type: ... }',
  ConditionalExpression: 'conditions are not supported. Write the value, and a second config for the other case',
  LogicalExpression: 'conditions are not supported. Write the value',
  AssignmentExpression: 'assignments are not data. Declare a constant: const name = value',
  RegExpLiteral: 'a regular expression is not data. Write the pattern as a string',
  BigIntLiteral: 'big integers are not supported. Write a plain number',
  AwaitExpression: 'a config is read, not executed. Write the value itself',
  TaggedTemplateExpression: 'a config is read, not executed. Write a plain string',
  OptionalMemberExpression: 'optional access is not needed, since constants are known. Write a.b',
  ImportExpression: "imports must be at the top of the file. Write import base from './base'",
};

function evaluateObject(node: ObjectExpression, scope: Scope, inner: (n: Node) => ConfigValue): ConfigObject {
  const object: ConfigObject = {};
  const written = new Set<string>();
  const places = new Map<string, KeyPlace | undefined>();
  notePlaces(object, (key) => places.get(key));
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const spread = inner(property.argument);
      if (!isObject(spread))
        throw fail(property, scope, `expected an object to spread, received ${nameOfValue(spread)}`);
      Object.assign(object, spread);
      for (const key of Object.keys(spread)) places.set(key, placesOf(spread)?.(key));
      continue;
    }
    if (property.type === 'ObjectMethod') throw fail(property, scope, 'a method is not data. Write key: value');
    const key = propertyKey(property.key, property.computed, scope, inner);
    if (key === '__proto__') throw fail(property, scope, 'the key "__proto__" is not allowed. Rename it');
    if (!scope.json && written.has(key)) throw fail(property, scope, `duplicate key "${key}". Remove one of the two`);
    written.add(key);
    places.set(key, { file: scope.source.path, line: property.loc?.start.line ?? 0 });
    object[key] = inner(property.value);
  }
  return object;
}

function propertyKey(key: Node, computed: boolean, scope: Scope, inner: (n: Node) => ConfigValue): string {
  if (!computed && key.type === 'Identifier' && !scope.json) return key.name;
  if (key.type === 'StringLiteral') return key.value;
  if (key.type === 'NumericLiteral' && !scope.json) return String(key.value);
  const value = computed && !scope.json ? inner(key) : undefined;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw fail(
    key,
    scope,
    scope.json ? 'expected a string in double quotes as key' : 'expected a name or a string as key',
  );
}

function spreadList(argument: Expression, scope: Scope, inner: (n: Node) => ConfigValue): ConfigValue[] {
  const value = inner(argument);
  if (!Array.isArray(value)) throw fail(argument, scope, `expected a list to spread, received ${nameOfValue(value)}`);
  return value;
}

function evaluateTemplate(node: TemplateLiteral, scope: Scope, inner: (n: Node) => ConfigValue): string {
  let text = node.quasis[0].value.cooked ?? '';
  for (const [i, expression] of node.expressions.entries()) {
    const value = inner(expression);
    if (typeof value === 'object')
      throw fail(expression, scope, `expected a string or a number inside a string, received ${nameOfValue(value)}`);
    text += String(value) + (node.quasis[i + 1].value.cooked ?? '');
  }
  return boundedText(fillFileVariables(text, { source: scope.source, offset: node.start ?? 0 }), node, scope);
}

function evaluateName(name: string, node: Node, scope: Scope): ConfigValue {
  if (name === 'undefined') throw fail(node, scope, 'undefined is not data. Write null, or omit the key');
  if (name === 'Infinity') return Number.POSITIVE_INFINITY;
  if (name === 'NaN') return Number.NaN;
  const value = scope.lookup(name);
  if (value !== undefined) return value;
  throw fail(
    node,
    scope,
    `"${name}" is not a constant of this file.${didYouMean(name, scope.names())} Declare it above: const ${name} = ...`,
  );
}

type Member = Extract<Node, { type: 'MemberExpression' }>;

function memberKey(node: Member, scope: Scope, inner: (n: Node) => ConfigValue): string {
  if (!node.computed && node.property.type === 'Identifier') return node.property.name;
  const key = inner(node.property);
  if (typeof key === 'string' || typeof key === 'number') return String(key);
  throw fail(node.property, scope, `expected a string or a number as key, received ${nameOfValue(key)}`);
}

function evaluateMember(value: ConfigValue, key: string, node: Member, scope: Scope): ConfigValue {
  if (Array.isArray(value)) {
    if (/^\d+$/.test(key) && Number(key) < value.length) return value[Number(key)];
    throw fail(node.property, scope, `expected an index into a list of ${value.length}, received "${key}"`);
  }
  if (!isObject(value)) throw fail(node.property, scope, `cannot access "${key}" of ${nameOfValue(value)}`);
  if (Object.hasOwn(value, key)) return value[key];
  const keys = Object.keys(value);
  throw fail(node.property, scope, `unknown key "${key}".${didYouMean(key, keys)} Known: ${keys.join(', ')}`);
}

function evaluateUnary(operator: string, value: ConfigValue, node: Node, scope: Scope): ConfigValue {
  if (typeof value === 'number' && operator === '-') return -value;
  if (typeof value === 'number' && operator === '+' && !scope.json) return value;
  if (typeof value === 'boolean' && operator === '!' && !scope.json) return !value;
  throw fail(node, scope, `"${operator}" cannot be applied to ${nameOfValue(value)}. Write the value itself`);
}

function evaluateBinary(operator: string, a: ConfigValue, b: ConfigValue, node: Node, scope: Scope): ConfigValue {
  if (typeof a === 'string' && typeof b === 'string' && operator === '+') return boundedText(a + b, node, scope);
  if (typeof a === 'number' && typeof b === 'number') {
    if (operator === '+') return a + b;
    if (operator === '-') return a - b;
    if (operator === '*') return a * b;
    if (operator === '**') return a ** b;
    if ((operator === '/' || operator === '%') && b === 0) throw fail(node, scope, 'division by zero');
    if (operator === '/') return a / b;
    if (operator === '%') return a % b;
  }
  throw fail(
    node,
    scope,
    `"${operator}" between ${nameOfValue(a)} and ${nameOfValue(b)} is not supported (+ - * / % ** of numbers, + of strings). ` +
      'Write the resulting value',
  );
}

// constants are shared, not copied, so a few lines can represent billions of values: sizes are cached per object
const sizes = new WeakMap<object, number>();

function bounded<T extends ConfigObject | ConfigValue[]>(value: T, node: Node, scope: Scope): T {
  let size = 1;
  for (const child of Object.values(value))
    size += typeof child === 'object' && child !== null ? (sizes.get(child) ?? countNodes(child)) : 1;
  if (size > LIMITS.nodes)
    throw fail(node, scope, `the config has more than ${LIMITS.nodes} values. Keep large data in separate files`);
  sizes.set(value, size);
  return value;
}

function boundedText(text: string, node: Node, scope: Scope): string {
  if (text.length > LIMITS.fileBytes)
    throw fail(
      node,
      scope,
      `the string is longer than ${LIMITS.fileBytes} characters. Keep large data in separate files`,
    );
  return text;
}

export function fail(node: Node, scope: { source: SourceFile }, message: string) {
  return errorAt({ source: scope.source, offset: node.start ?? 0 }, message);
}
