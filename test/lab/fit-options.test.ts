// Options of `fit` that are misspelt or of another type are errors, never without effect.

import { expect, test } from 'vitest';
import { checkFitOptions } from '../../src/lab/fit-options';

const check = (options: object) => () => checkFitOptions(options);

test('an unknown option is an error with the nearest name', () => {
  expect(check({ epoch: 3 })).toThrow(
    /Cannot train: unknown option "epoch"; expected epochs, .*Did you mean "epochs"/s,
  );
  expect(check({ processes: 2 })).toThrow(/unknown option "processes"/);
});

test('an option of another type is an error', () => {
  expect(check({ log: false })).toThrow('Cannot train: log: expected a function, received the boolean false');
  expect(check({ epochs: '3' })).toThrow('epochs: expected a number, received the string "3"');
  expect(check({ amp: 1 })).toThrow('amp: expected a boolean, received the number 1');
  expect(check({ signal: null })).toThrow('signal: expected an object, received null');
});

test('options that are left out or undefined are right', () => {
  expect(
    check({ epochs: undefined, workDir: false, imageSize: [[320, 240]], patience: 3, watch: false }),
  ).not.toThrow();
});
