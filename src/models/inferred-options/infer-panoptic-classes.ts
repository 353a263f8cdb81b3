// The numbers of classes of things and of stuff: things come first among the classes of a dataset.

import { z } from 'zod';
import type { BuildContext } from '../../catalogue/registry';
import { DetLabError } from '../../errors';

export const panopticClassesOptions = {
  num_things_classes: z.int().min(0).optional().describe('Classes of things: objects'),
  num_stuff_classes: z.int().min(0).default(53).describe('Classes of stuff: regions'),
};
export const panopticInferred = { num_things_classes: 'the classes of the dataset without those of stuff' };

export interface PanopticClasses {
  num_things_classes: number;
  num_stuff_classes: number;
}

/** @throws DetLabError when neither is known or both differ */
export function inferPanopticClasses<O extends Partial<PanopticClasses> & { num_stuff_classes: number }>(
  what: string,
  given: O,
  { numClasses, path }: Pick<BuildContext, 'numClasses' | 'path'>,
): O & PanopticClasses {
  const { num_things_classes: things, num_stuff_classes: stuff } = given;
  const cannot = `Cannot build ${what} at ${path}: `;
  if (things === undefined && numClasses === undefined)
    throw new DetLabError(
      `${cannot}num_things_classes is neither given nor known from a dataset. Give a number, for example 80`,
    );
  const found = things ?? (numClasses as number) - stuff;
  if (found < 0 || (numClasses !== undefined && found + stuff !== numClasses))
    throw new DetLabError(
      `${cannot}it has ${things === undefined ? '' : `${things} classes of things and `}${stuff} of stuff (num_stuff_classes), but the ` +
        `dataset has ${numClasses} classes. Set num_stuff_classes to how many of them are stuff, and leave num_things_classes out`,
    );
  if (found + stuff === 0) throw new DetLabError(`${cannot}expected at least one class, received none`);
  return { ...given, num_things_classes: found };
}
