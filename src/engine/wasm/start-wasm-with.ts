// Starts @tensorflow/tfjs-backend-wasm (XNNPACK, SIMD) with the kernels that it lacks or gets wrong, in Node and in browsers: where
// its binaries are is given.

import * as tf from '@tensorflow/tfjs';
import { getThreadsCount, setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { DetLabError } from '../../errors';
import type { Engine, EngineOptions } from '../engine';
import { limitMemory } from '../memory-limit';
import { profileWith } from '../profile';
import { registerTapeGradients } from '../tape/gradients';
import { trackMemory } from '../tape/memory';
import { recordKernels } from '../tape/recorder';
import { adamWStep, clipGradNorm, sgdStep } from '../tape/steps';
import { checkedIndexKernels } from './checked-indices';
import { convBackpropKernels } from './conv-backprop';
import { depthwiseBackpropKernels } from './depthwise-backprop';
import { DerivedConstants } from './derived-constants';
import { directKernels } from './direct-kernels';
import { einsumKernel } from './einsum';
import { guardAllocation } from './heap';
import { matMulKernels } from './matmul';
import { nanKernels } from './nan-kernels';
import { orderKernels } from './order-kernels';
import { poolBackpropKernels } from './pool-backprop';
import { scaledFilterKernel } from './scaled-filters';

/** The binaries of tfjs-backend-wasm: the folder that has them (ending in its separator), or the address of each. */
export type WasmBinaries = string | Parameters<typeof setWasmPaths>[0];

/**
 * Starts the wasm engine and makes it tfjs's backend.
 * @throws DetLabError for a device other than the CPU.
 */
export async function startWasmWith(binaries: WasmBinaries, options: EngineOptions = {}): Promise<Engine> {
  if (options.device !== undefined && options.device !== 'cpu')
    throw new DetLabError(
      `Cannot start the wasm engine on device "${options.device}": expected "cpu". Use the torch engine for a GPU`,
    );
  setWasmPaths(binaries);
  if (options.threads !== undefined) setThreadsCount(options.threads);
  if (!(await tf.setBackend('wasm')))
    throw new DetLabError(
      'Cannot start the wasm engine: its binary did not load. Run `npm ci` (in a checkout) or `npm install` to restore node_modules',
    );
  const { wasm } = tf.backend() as unknown as { wasm: Parameters<typeof guardAllocation>[0] };
  guardAllocation(wasm);
  const constants = new DerivedConstants(tf.backend() as unknown as ConstructorParameters<typeof DerivedConstants>[0]);
  for (const kernel of [
    ...convBackpropKernels,
    ...depthwiseBackpropKernels,
    ...poolBackpropKernels,
    ...directKernels(),
    ...matMulKernels(constants),
    ...nanKernels(),
    ...orderKernels(),
    ...checkedIndexKernels(),
    einsumKernel,
    scaledFilterKernel(constants),
  ]) {
    if (tf.getKernel(kernel.kernelName, 'wasm')) tf.unregisterKernel(kernel.kernelName, 'wasm');
    tf.registerKernel(kernel);
  }
  registerTapeGradients();
  const threads = getThreadsCount();
  const running: Omit<Engine, 'memoryLimit'> = {
    name: 'wasm',
    device: 'cpu',
    description: `wasm (tfjs-backend-wasm 4.22) on cpu, ${threads} thread${threads === 1 ? '' : 's'}, float32`,
    precisions: ['float32'],
    memoryPrecisions: [],
    autocast(precision, f) {
      if (precision !== 'float32')
        throw new DetLabError(
          `Cannot compute in ${precision} on the wasm engine: expected float32. The torch engine has mixed precision`,
        );
      return f();
    },
    sgdStep,
    adamWStep,
    clipGradNorm,
    profile: (f, modules) => profileWith(recordKernels, f, modules),
    ...trackMemory(() => wasm.HEAPU8.length),
  };
  return limitMemory(running);
}
