// Plain data of pickles: no more work than a file is large.

import { expect, it } from 'vitest';
import { plainPickle } from '../../src/checkpoints/plain-pickle';

/** NumPy arrays of the shapes [1000, 0] and [2, 2], protocol 2. */
const ARRAYS =
  'gAJdcQAoY251bXB5Ll9jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEBY251bXB5Cm5kYXJyYXkKcQJLAIVxA2NfY29kZWNzCmVuY29kZQpxBFgBAAAAYnEFWAYAAABsYXRpbjFxBoZxB1JxCIdxCVJxCihLAU3oA0sAhnELY251bXB5CmR0eXBlCnEMWAIAAABmNHENiYiHcQ5ScQ8oSwNYAQAAADxxEE5OTkr/////Sv////9LAHRxEWKJY19fYnVpbHRpbl9fCmJ5dGVzCnESKVJxE3RxFGJoAWgCSwCFcRVoCIdxFlJxFyhLAUsCSwKGcRhoDFgCAAAAdTFxGYmIh3EaUnEbKEsDWAEAAAB8cRxOTk5K/////0r/////SwB0cR1iiWgEWAQAAAAAAQIDcR5oBoZxH1JxIHRxIWJlLg=='; // biome-ignore format: one file

it('a NumPy array without values is an empty list, whatever its shape', () => {
  expect(plainPickle(Buffer.from(ARRAYS, 'base64'), 'a.pkl')).toEqual([
    [],
    [
      [0, 1],
      [2, 3],
    ],
  ]);
});

it('what is in several places is converted once, and absent within itself', () => {
  // a = [1]; b = [a, a]; c = [b, b]
  const shared = plainPickle(
    Buffer.from('\x80\x02]q\x00K\x01a0](h\x00h\x00eq\x010](h\x01h\x01e.', 'latin1'),
    'a.pkl',
  ) as unknown[][];
  expect(shared).toEqual([
    [[1], [1]],
    [[1], [1]],
  ]);
  expect(shared[0]).toBe(shared[1]);
  // a = []; a.append(a)
  expect(plainPickle(Buffer.from('\x80\x02]q\x00h\x00a.', 'latin1'), 'a.pkl')).toEqual([undefined]);
});
