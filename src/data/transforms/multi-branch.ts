// MultiBranch (MMDetection 3.x): the last step for semi-supervised detectors. An image goes through a pipeline for each view that is
// learned from: one with labels (`sup`), or two without, a weakly changed one for the teacher and a strongly changed one for the student.
// The branches are those that SemiBaseDetector reads; the reference takes any names, and never looks at others.

import { z } from 'zod';
import { defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { copyOf, runSteps, type Transform } from './sample';

export const BRANCHES = ['sup', 'unsup_teacher', 'unsup_student'] as const;
export type Branch = (typeof BRANCHES)[number];

const steps = z.union([moduleOption('transform'), z.array(moduleOption('transform')).min(1)]).optional();

export const MultiBranch = defineModule({
  kind: 'transform',
  type: 'MultiBranch',
  summary: 'Packs views of an image for a semi-supervised detector, each by a pipeline of its own',
  origin: 'MMDetection',
  shapes: 'sample -> a packed sample for each view',
  example:
    "{ type: 'MultiBranch', branch_field: ['sup', 'unsup_teacher', 'unsup_student'], sup: { type: 'PackDetInputs' } }",
  options: z.strictObject({
    branch_field: z.array(z.enum(BRANCHES)).min(1).describe('The branches of all images of the run'),
    sup: steps.describe('Pipeline of an image with labels'),
    unsup_teacher: steps.describe('Pipeline of an image without labels, as the teacher sees it'),
    unsup_student: steps.describe('Pipeline of an image without labels, as the student sees it'),
  }),
  build: ({ branch_field: field, ...pipelines }, { registry, path }): Transform => {
    const branches = BRANCHES.filter((name) => pipelines[name]).map((name) => {
      if (!field.includes(name))
        throw new DetLabError(
          `Cannot build ${path}: its branch "${name}" is not in branch_field (${field.join(', ')})`,
        );
      const configs = [pipelines[name] as ModuleConfig | ModuleConfig[]].flat();
      const built = configs.map((step, i) => registry.build('transform', step, { path: `${path}.${name}.${i}` }));
      return { name, at: `${path}.${name}`, steps: built };
    });
    if (branches.length === 0)
      throw new DetLabError(`Cannot build ${path}: expected a pipeline of ${BRANCHES.join(', ')}, received none`);
    return async (sample, random) => {
      const loaded = sample.image?.data.buffer;
      const views: NonNullable<NonNullable<typeof sample.packed>['branches']> = {};
      for (const { name, at, steps } of branches) {
        const view = await runSteps(steps, copyOf(sample), random);
        if (!view) return undefined;
        if (!view.packed)
          throw new DetLabError(
            `Cannot use ${at}: expected PackDetInputs as its last transform, no step packed the sample`,
          );
        const { image } = view.packed;
        // pixels that no step has changed would be those of two views
        if (Object.keys(views).length > 0 && image.data.buffer === loaded)
          view.packed.image = { ...image, data: image.data.slice() };
        views[name] = view.packed;
      }
      const [first] = Object.values(views);
      return { ...sample, image: first.image, truths: first.truths, packed: { ...first, branches: views } };
    };
  },
});
