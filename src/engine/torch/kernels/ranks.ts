// Kernels of runs of several processes.

import { kernel } from '../native';
import { define } from './define';

export const rankKernels = [
  define('DetRankSum', ({ inputs: { x }, backend, slot }) => backend.make(kernel.rankSum(slot(x)), 'float32')),
];
