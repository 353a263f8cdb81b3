// The wasm engine: @tensorflow/tfjs-backend-wasm (XNNPACK, SIMD) with the training kernels that it lacks. Needs only npm
// packages; single-threaded in Node.

import { dirname, join, sep } from 'node:path';
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
import { directKernels } from './direct-kernels';
import { einsumKernel } from './einsum';
import { guardAllocation } from './heap';
import { matMulKernels } from './matmul';
import { nanKernels } from './nan-kernels';
import { orderKernels } from './order-kernels';
import { poolBackpropKernels } from './pool-backprop';

/**
 * Starts the wasm engine and makes it tfjs's backend. The binaries are read from node_modules.
 * @throws DetLabError for a device other than the CPU.
 */
export async function startWasm(options: EngineOptions = {}): Promise<Engine> {
  if (options.device !== undefined && options.device !== 'cpu')
    throw new DetLabError(
      `Cannot start the wasm engine on device "${options.device}": expected "cpu". Use the torch engine for a GPU`,
    );
  setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + sep);
  if (options.threads !== undefined) setThreadsCount(options.threads);
  if (!(await tf.setBackend('wasm')))
    throw new DetLabError(
      'Cannot start the wasm engine: its binary did not load. Run `npm ci` (in a checkout) or `npm install` to restore node_modules',
    );
  const { wasm } = tf.backend() as unknown as { wasm: Parameters<typeof guardAllocation>[0] };
  guardAllocation(wasm);
  for (const kernel of [
    ...convBackpropKernels,
    ...depthwiseBackpropKernels,
    ...poolBackpropKernels,
    ...directKernels(),
    ...matMulKernels(),
    ...nanKernels(),
    ...orderKernels(),
    ...checkedIndexKernels(),
    einsumKernel,
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
