// `object.name`: methods of plain values, keys of ConfigDicts, members of modules. Python's internals are not accessible.

import { didYouMean } from '../../errors';
import { toConfigValue } from './config-dict';
import { DICT_METHODS, LIST_METHODS, type Methods, SET_METHODS, TUPLE_METHODS } from './methods';
import { TEXT_METHODS } from './text-methods';
import {
  type Arguments,
  BaseVariable,
  baseVariableAdvice,
  Callable,
  Dict,
  kindOf,
  Lazy,
  Namespace,
  type Origin,
  PythonError,
  SetOf,
  Tuple,
  type Value,
} from './values';

function methodsOf(object: Value): Methods<never> | undefined {
  if (typeof object === 'string') return TEXT_METHODS as Methods<never>;
  if (Array.isArray(object)) return LIST_METHODS as Methods<never>;
  if (object instanceof Tuple) return TUPLE_METHODS as Methods<never>;
  if (object instanceof Dict) return DICT_METHODS as Methods<never>;
  return object instanceof SetOf ? (SET_METHODS as Methods<never>) : undefined;
}

/** The method `name` of a plain value, bound to it. */
export function methodOf(object: Value, name: string): ((args: Arguments, origin?: Origin) => Value) | undefined {
  const methods = methodsOf(object);
  if (!methods || !Object.hasOwn(methods, name)) return undefined;
  return (args, origin) => methods[name](object as never, args, origin);
}

export function getAttribute(object: Value, name: string): Value {
  if (name.startsWith('__')) throw new PythonError(`"${name}" is an internal of Python, which a config cannot access`);
  const method = methodOf(object, name);
  if (method) return new Callable(name, method);
  if (object instanceof Dict && object.config) {
    const value = object.get(name);
    if (value !== undefined) return value;
    const keys = object.keys().filter((key) => typeof key === 'string');
    throw new PythonError(
      `unknown key "${name}".${didYouMean(name, keys)} Known: ${keys.slice(0, 30).join(', ') || 'none'}`,
    );
  }
  if (object instanceof Lazy) return new Lazy(object.scope, name, `${object.scope}.${name}`);
  if (object instanceof Namespace) {
    const member = object.members.get(name);
    if (member !== undefined) return member;
    throw new PythonError(missingMember(object, name));
  }
  if (object instanceof BaseVariable) throw new PythonError(baseVariableAdvice(object));
  const known = Object.keys(methodsOf(object) ?? {});
  const key = object instanceof Dict && object.has(name) ? ` Write ['${name}']` : didYouMean(name, known);
  throw new PythonError(`${kindOf(object)} has no "${name}".${key}`);
}

export function missingMember(module: Namespace, name: string): string {
  const known = [...module.members.keys()];
  if (!known.length) return `the module "${module.name}" is not supported in a config. Write the resulting value`;
  return `"${module.name}.${name}" is not supported in a config.${didYouMean(name, known)} Known: ${known.join(', ')}`;
}

export function setAttribute(object: Value, name: string, value: Value, origin?: Origin): void {
  if (!(object instanceof Dict && object.config) || name.startsWith('__'))
    throw new PythonError(
      `cannot set attribute "${name}" of ${kindOf(object)}${object instanceof Dict ? `. Write ['${name}'] = ...` : ''}`,
    );
  if (Object.hasOwn(DICT_METHODS, name))
    throw new PythonError(`"${name}" is a method and cannot be set. Write ['${name}'] = ...`);
  object.set(name, toConfigValue(value), origin);
}

export function deleteAttribute(object: Value, name: string): void {
  if (!(object instanceof Dict && object.config) || !object.delete(name))
    throw new PythonError(`cannot delete "${name}": it does not exist`);
}
