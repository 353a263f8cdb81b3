// Records the kernels that TensorFlow.js runs, for engines whose kernels end before they return.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { isProfiling, type Recorder } from '../profile';
import type { EngineEvent } from '../profile-events';

const typeAndShape = (value: unknown) =>
  value instanceof tf.Tensor ? [`${value.dtype} [${value.shape}]`] : Array.isArray(value) ? value.map(String) : [];

/** @throws DetLabError while another profile is taken */
export function recordKernels(): Recorder {
  if (isProfiling()) throw new DetLabError('Cannot take a profile: another is being taken. Await that one first');
  const engine = tf.engine();
  const original = engine.runKernel;
  const events: EngineEvent[] = [];
  const origin = performance.now();
  let module = -1;
  engine.runKernel = function runKernel(this: typeof engine, name: string, inputs: unknown, attrs?: unknown) {
    const start = performance.now() - origin;
    const outputs = original.call(this, name, inputs as tf.NamedTensorMap, attrs as tf.NamedAttrMap);
    const detail = Object.values(inputs as object)
      .flatMap(typeAndShape)
      .slice(0, 4)
      .join(', ');
    events.push({ name, kind: 'call', module, detail, start, end: performance.now() - origin });
    return outputs;
  } as typeof original;
  return {
    module(index) {
      const before = module;
      module = index;
      return before;
    },
    stop() {
      engine.runKernel = original;
      return events;
    },
  };
}
