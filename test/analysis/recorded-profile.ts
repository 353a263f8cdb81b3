// A small profile worked out by hand: two modules, a forward and a backward pass, a conversion, and a gap of JavaScript.

import type { EngineEvent, EngineProfile } from '../../src/engine/profile-events';

type Row = [name: string, kind: EngineEvent['kind'], module: number, start: number, end: number, detail?: string];

const rows: Row[] = [
  ['detConv2d', 'call', 2, 0, 10],
  ['aten::to', 'op', 2, 1, 4],
  ['aten::copy_', 'op', 2, 1, 3, 'Float [1,8,8,16] -> BFloat16 [1,8,8,16]'],
  ['aten::convolution', 'op', 2, 4, 9, 'BFloat16 [1,8,8,16]'],
  ['detConv2d', 'call', 3, 12, 15],
  ['aten::copy_', 'op', 3, 13, 14, 'BFloat16 [2,3] -> BFloat16 [2,3]'],
  ['sum', 'call', 0, 16, 17],
  ['gradients', 'call', -1, 20, 40],
  ['ConvBackward', 'node', 3, 21, 25],
  ['ConvBackward', 'node', 2, 26, 38],
  ['aten::mul', 'op', 2, 27, 30],
  ['aten::mul', 'op', 2, 28, 29],
];

/** 50 ms, of which events cover 34; modules: the model, a, a.b.conv (a.b is none), c. */
export const recordedProfile: EngineProfile = {
  milliseconds: 50,
  modules: ['', 'a', 'a.b.conv', 'c'],
  events: rows.map(([name, kind, module, start, end, detail = '']) => ({ name, kind, module, start, end, detail })),
};
