// What a loss says where a head gives it something else than it compares: its path in the config, what it takes and what it
// received, in place of the engine's error about two shapes.

import type * as tf from '@tensorflow/tfjs';
import type { AnyDefinition, BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Loss, LossCall } from './loss';

/** The definition of a loss whose errors name its place. A loss that computes is what it was. */
export function withClearErrors<D extends AnyDefinition>(definition: D): D {
  const build = (options: unknown, context: BuildContext): Loss => {
    const loss: Loss = definition.build(options, context);
    const forward = loss.forward.bind(loss);
    loss.forward = (prediction, target, call) => {
      try {
        return forward(prediction, target, call);
      } catch (error) {
        throw isOfEngine(error) ? unfit(definition, context.path, { prediction, target, call }, error) : error;
      }
    };
    return loss;
  };
  return { ...definition, build };
}

/** An error of the engine or of tfjs, which know shapes alone. */
const isOfEngine = (error: unknown): error is Error =>
  error instanceof Error && error.constructor === Error && !(error instanceof DetLabError);

interface Received {
  prediction: tf.Tensor;
  target: tf.Tensor | readonly tf.Tensor[];
  call?: LossCall;
}

function unfit(
  { type, shapes }: AnyDefinition,
  path: string,
  { prediction, target, call }: Received,
  cause: Error,
): DetLabError {
  const shape = (x: tf.Tensor | readonly tf.Tensor[]): string =>
    'shape' in x ? `[${x.shape.join(', ')}]` : x.map(shape).join(' and ');
  const weights = call?.weight ? `, weighted by ${shape(call.weight)}` : '';
  return new DetLabError(
    `Cannot compute ${type}${path ? ` at ${path}` : ''}: it takes ${shapes ?? 'what its description says'}; received the prediction ` +
      `${shape(prediction)} and the target ${shape(target)}${weights}. Use a loss of the kind that is the head's default: ` +
      '`detlab modules loss` lists them all',
    { cause },
  );
}
