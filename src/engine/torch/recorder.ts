// Records the calls to the native module with libtorch's own callbacks at each operator and backward node.

import { DetLabError } from '../../errors';
import { isProfiling, type Recorder } from '../profile';
import type { EngineEvent, EngineEventKind } from '../profile-events';
import { native } from './native';

const KINDS: readonly EngineEventKind[] = ['call', 'op', 'node'];
/** Numbers of an event: name, kind, module, detail, start and end in microseconds. */
const WIDTH = 6;

/** `torch::autograd::CppNode<detlab::ConvolutionFunction>` is ConvolutionFunction, in whatever namespaces it is. */
const shortName = (name: string) => /^torch::autograd::CppNode<(?:.*::)?(.+)>$/.exec(name)?.[1] ?? name;

/** @throws DetLabError while another profile is taken */
export function recordTorch(): Recorder {
  if (isProfiling()) throw new DetLabError('Cannot take a profile: another is being taken. Await that one first');
  native.profileStart();
  return {
    module: (index) => native.profileModule(index),
    stop(): EngineEvent[] {
      const { texts, events } = native.profileStop();
      return Array.from({ length: events.length / WIDTH }, (_, k) => {
        const [name, kind, module, detail, start, end] = events.subarray(k * WIDTH, (k + 1) * WIDTH);
        return {
          name: shortName(texts[name]),
          kind: KINDS[kind],
          module,
          detail: texts[detail],
          start: start / 1000,
          end: end / 1000,
        };
      });
    },
  };
}
