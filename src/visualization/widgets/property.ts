// What a property of a widget may hold: its initial value and a check, by the name it has in TypeScript.

import { didYouMean, nameOfValue } from '../../errors';

/** Why a value cannot be used: `expected` a finite number; the nearest possible value. */
export interface Mismatch {
  expected: string;
  near?: string;
}

export interface Property<T> {
  readonly initial: T;
  /** The value to keep, or what was expected instead. */
  read(value: unknown): { value: T } | Mismatch;
}

export type PropertiesOf<S extends object> = { readonly [K in keyof S]: Property<S[K]> };

function property<T>(initial: T, expected: string, isValid: (value: unknown) => value is T): Property<T> {
  return { initial, read: (value) => (isValid(value) ? { value } : { expected }) };
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isInteger = (value: unknown): value is number => Number.isInteger(value);

export const numberProperty = (initial: number): Property<number> => property(initial, 'a finite number', isNumber);
export const integerProperty = (initial: number): Property<number> => property(initial, 'an integer', isInteger);
export const flagProperty = (initial: boolean): Property<boolean> =>
  property(initial, 'true or false', (value) => typeof value === 'boolean');
export const textProperty = (initial: string): Property<string> =>
  property(initial, 'a string', (value) => typeof value === 'string');

/** Two ends, the smaller one first. */
export const rangeProperty = (initial: readonly [number, number]): Property<readonly [number, number]> =>
  property(
    initial,
    'two finite numbers, the smaller one first',
    (value): value is readonly [number, number] =>
      Array.isArray(value) && value.length === 2 && value.every(isNumber) && value[0] <= value[1],
  );

export function choiceProperty<const T extends string>(choices: readonly T[], initial: T): Property<T> {
  const names = choices.map((choice) => `"${choice}"`).join(', ');
  return {
    initial,
    read: (value) =>
      choices.includes(value as T)
        ? { value: value as T }
        : { expected: `one of ${names}`, near: typeof value === 'string' ? didYouMean(value, choices) : '' },
  };
}

/** Anything, checked by the widget itself. */
export const anyProperty = <T>(initial: T): Property<T> => ({ initial, read: (value) => ({ value: value as T }) });

/** `expected an integer, received the string "five"`. */
export const mismatchText = ({ expected, near = '' }: Mismatch, received: unknown): string =>
  `expected ${expected}, received ${nameOfValue(received)}${near && `.${near}`}`;
