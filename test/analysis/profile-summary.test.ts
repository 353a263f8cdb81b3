// The tables of a profile, against one worked out by hand.

import { describe, expect, it } from 'vitest';
import { modulesAround, summariseProfile } from '../../src/analysis/profile-summary';
import { recordedProfile } from './recorded-profile';

const summary = summariseProfile(recordedProfile);

describe('summariseProfile', () => {
  it('counts as JavaScript what no call covers', () => {
    expect(summary).toMatchObject({ milliseconds: 50, javascript: 50 - (10 + 3 + 1 + 20) });
  });

  it('takes the backward nodes out of the call that runs them', () => {
    expect(summary.kernels).toEqual([
      { name: 'ConvBackward', kind: 'node', calls: 2, milliseconds: 16, share: 0.32, perCall: 8 },
      { name: 'detConv2d', kind: 'call', calls: 2, milliseconds: 13, share: 0.26, perCall: 6.5 },
      { name: 'gradients', kind: 'call', calls: 1, milliseconds: 4, share: 0.08, perCall: 4 },
      { name: 'sum', kind: 'call', calls: 1, milliseconds: 1, share: 0.02, perCall: 1 },
    ]);
  });

  it('takes operators out of those around them, and counts one inside its like once', () => {
    expect(summary.operators.map(({ name, calls, self, total }) => [name, calls, self, total])).toEqual([
      ['aten::convolution', 1, 5, 5],
      ['aten::copy_', 2, 3, 3],
      ['aten::mul', 2, 3, 3],
      ['aten::to', 1, 1, 3],
    ]);
  });

  it('adds modules to those around them, forward and backward', () => {
    expect(summary.modules).toEqual([
      { path: '', depth: 0, forward: 14, backward: 16, share: 0.6 },
      { path: 'a', depth: 1, forward: 10, backward: 12, share: 0.44 },
      { path: 'a.b.conv', depth: 2, forward: 10, backward: 12, share: 0.44 },
      { path: 'c', depth: 1, forward: 3, backward: 4, share: 0.14 },
      { depth: 0, forward: 4, backward: 0, share: 0.08 },
    ]);
    expect(modulesAround('a.b.conv', new Set(['', 'a', 'a.b.conv']))).toEqual(['', 'a', 'a.b.conv']);
  });

  it('counts copies by their types, conversions first', () => {
    expect(summary.copies).toEqual([
      { from: 'Float', to: 'BFloat16', calls: 1, values: 1024, milliseconds: 2, share: 0.04 },
      { from: 'BFloat16', to: 'BFloat16', calls: 1, values: 6, milliseconds: 1, share: 0.02 },
    ]);
  });

  it('has nothing to say of nothing', () => {
    const empty = summariseProfile({ milliseconds: 0, modules: [], events: [] });
    expect(empty).toMatchObject({ javascript: 0, kernels: [], operators: [], copies: [] });
    expect(empty.modules).toEqual([{ depth: 0, forward: 0, backward: 0, share: 0 }]);
  });
});
