// Methods of lists, tuples, dictionaries and sets.

import { parameters } from './arguments';
import { chargeItems } from './budget';
import { equal } from './compare';
import { configDict, deepCopy, mergeInto, originPairs, toConfigValue, updateConfig } from './config-dict';
import { iterate, toList } from './iterate';
import { index } from './numbers';
import { setOperation } from './operators';
import { sorted } from './sort';
import { deleteItem, getItem, missingKey } from './subscript';
import { repr } from './text-form';
import { type Arguments, Dict, type Origin, PythonError, SetOf, Tuple, truth, type Value, View } from './values';

export type Methods<T> = Record<string, (self: T, args: Arguments, origin?: Origin) => Value>;

const count = (items: readonly Value[], value: Value): bigint =>
  BigInt(items.filter((item) => equal(item, value)).length);

function find(items: readonly Value[], value: Value, start?: Value, stop?: Value): number {
  const clamp = (at: Value | undefined, otherwise: number) => {
    if (at === undefined || at === null) return otherwise;
    const place = index(at);
    return place < 0 ? Math.max(0, place + items.length) : place;
  };
  const end = Math.min(items.length, clamp(stop, items.length));
  for (let i = clamp(start, 0); i < end; i++) if (equal(items[i], value)) return i;
  throw new PythonError(`${repr(value)} is not in the list`);
}

export const LIST_METHODS: Methods<Value[]> = {
  append(self, args) {
    const [value] = parameters('append', args, ['object']);
    chargeItems(1);
    self.push(value as Value);
    return null;
  },
  extend(self, args) {
    const [values] = parameters('extend', args, ['iterable']);
    const more = toList(values as Value);
    chargeItems(self.length + more.length);
    for (const item of more) self.push(item);
    return null;
  },
  insert(self, args) {
    const [at, value] = parameters('insert', args, ['index', 'object']);
    chargeItems(1 + self.length / 16);
    self.splice(index(at as Value), 0, value as Value);
    return null;
  },
  pop(self, args) {
    const [at = -1n] = parameters('pop', args, ['index?']);
    const value = getItem(self, { value: at });
    deleteItem(self, { value: at });
    return value;
  },
  remove(self, args) {
    const [value] = parameters('remove', args, ['value']);
    self.splice(find(self, value as Value), 1);
    return null;
  },
  clear(self, args) {
    parameters('clear', args, []);
    self.length = 0;
    return null;
  },
  copy(self, args) {
    parameters('copy', args, []);
    chargeItems(self.length);
    return [...self];
  },
  reverse(self, args) {
    parameters('reverse', args, []);
    chargeItems(self.length);
    self.reverse();
    return null;
  },
  sort(self, args) {
    const [key = null, reverse = false] = parameters('sort', args, ['*', 'key?', 'reverse?']);
    const items = sorted(self, key, truth(reverse));
    self.splice(0, self.length, ...items);
    return null;
  },
  index(self, args) {
    const [value, start, stop] = parameters('index', args, ['value', 'start?', 'stop?']);
    return BigInt(find(self, value as Value, start, stop));
  },
  count: (self, args) => count(self, parameters('count', args, ['value'])[0] as Value),
};

export const TUPLE_METHODS: Methods<Tuple> = {
  index(self, args) {
    const [value, start, stop] = parameters('index', args, ['value', 'start?', 'stop?']);
    return BigInt(find(self.items, value as Value, start, stop));
  },
  count: (self, args) => count(self.items, parameters('count', args, ['value'])[0] as Value),
};

/** The arguments of dict() and update() as pairs: a dictionary or pairs, then keyword arguments. */
export function pairsOf(call: string, { positional, named }: Arguments): [Value, Value, Origin?][] {
  if (positional.length > 1)
    throw new PythonError(`${call}() takes one dictionary, ${positional.length} values were given`);
  const pairs: [Value, Value, Origin?][] = [];
  const [first] = positional;
  if (first instanceof Dict) pairs.push(...originPairs(first));
  else if (first !== undefined)
    for (const pair of iterate(first)) {
      const items = toList(pair);
      if (items.length !== 2) throw new PythonError(`${call}() takes pairs of a key and a value`);
      pairs.push([items[0], items[1]]);
    }
  for (const [key, value] of named) pairs.push([key, value]);
  chargeItems(pairs.length);
  return pairs;
}

export const DICT_METHODS: Methods<Dict> = {
  get(self, args) {
    const [key, otherwise = null] = parameters('get', args, ['key', 'default?']);
    const value = self.get(key as Value);
    return value === undefined ? otherwise : value;
  },
  pop(self, args) {
    const [key, otherwise] = parameters('pop', args, ['key', 'default?']);
    const value = self.get(key as Value);
    if (value === undefined) {
      if (otherwise === undefined && !self.config) throw new PythonError(missingKey(self, key as Value));
      return otherwise ?? null;
    }
    self.delete(key as Value);
    return value;
  },
  popitem(self, args) {
    parameters('popitem', args, []);
    const last = [...self.entries.values()].at(-1);
    if (!last) throw new PythonError('the dictionary is empty');
    self.delete(last.key);
    return new Tuple([last.key, last.value]);
  },
  setdefault(self, args) {
    const [key, otherwise = null] = parameters('setdefault', args, ['key', 'default?']);
    const known = self.get(key as Value);
    if (known !== undefined) return known;
    self.set(key as Value, self.config ? toConfigValue(otherwise) : otherwise);
    return self.get(key as Value) as Value;
  },
  update(self, args, origin) {
    if (self.config && args.positional.length && !(args.positional[0] instanceof Dict))
      throw new PythonError('update() of a value of _base_ expects a dictionary');
    const pairs = pairsOf('update', args).map(([key, value, at]): [Value, Value, Origin?] => [
      key,
      value,
      at ?? origin,
    ]);
    if (self.config) updateConfig(self, pairs);
    else for (const [key, value, at] of pairs) self.set(key, value, at);
    return null;
  },
  merge(self, args) {
    if (!self.config) throw new PythonError('a dict has no merge(). Write update()');
    mergeInto(self, parameters('merge', args, ['other'])[0] as Value);
    return null;
  },
  copy(self, args) {
    parameters('copy', args, []);
    return shallowCopy(self);
  },
  deepcopy(self, args) {
    if (!self.config) throw new PythonError('a dict has no deepcopy(). Write copy.deepcopy(...)');
    parameters('deepcopy', args, []);
    return deepCopy(self);
  },
  to_dict(self, args) {
    if (!self.config) throw new PythonError('a dict has no to_dict()');
    parameters('to_dict', args, []);
    return plainDicts(deepCopy(self));
  },
  keys: (self, args) => view(self, args, 'keys'),
  values: (self, args) => view(self, args, 'values'),
  items: (self, args) => view(self, args, 'items'),
  clear(self, args) {
    parameters('clear', args, []);
    self.entries.clear();
    return null;
  },
};

function view(self: Dict, args: Arguments, kind: 'keys' | 'values' | 'items'): Value {
  parameters(kind, args, []);
  const shown = new View(self, kind);
  return self.config && kind !== 'keys' ? toList(shown) : shown;
}

export function shallowCopy(dict: Dict): Dict {
  chargeItems(dict.size);
  if (dict.config) return configDict(dict);
  const copy = new Dict();
  for (const [key, value, origin] of originPairs(dict)) copy.set(key, value, origin);
  return copy;
}

function plainDicts(value: Value): Value {
  if (Array.isArray(value)) return value.map(plainDicts);
  if (value instanceof Tuple) return new Tuple(value.items.map(plainDicts));
  if (!(value instanceof Dict)) return value;
  value.config = false;
  for (const entry of value.entries.values()) entry.value = plainDicts(entry.value);
  return value;
}

export const SET_METHODS: Methods<SetOf> = {
  add(self, args) {
    chargeItems(1);
    self.add(parameters('add', args, ['object'])[0] as Value);
    return null;
  },
  discard(self, args) {
    const [value] = parameters('discard', args, ['object']);
    for (const [id, item] of self.items) if (equal(item, value as Value)) self.items.delete(id);
    return null;
  },
  update(self, args) {
    for (const values of args.positional) for (const item of toList(values)) self.add(item);
    chargeItems(self.items.size);
    return null;
  },
  copy: (self) => new SetOf(self.items.values()),
  union: (self, args) => combine('|', self, args),
  intersection: (self, args) => combine('&', self, args),
  difference: (self, args) => combine('-', self, args),
  symmetric_difference: (self, args) => combine('^', self, args),
};

function combine(operator: string, self: SetOf, { positional }: Arguments): SetOf {
  return positional.reduce<SetOf>(
    (left, right) => setOperation(operator, left, new SetOf(iterate(right))) as SetOf,
    new SetOf(self.items.values()),
  );
}
