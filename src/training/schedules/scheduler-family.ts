// The three names that mmengine gives each rule: `StepLR` moves the learning rate, `StepMomentum` the momentum,
// `StepParamScheduler` what its `param_name` says. Their options, texts and examples differ in that alone.

import { z } from 'zod';
import { defineModule, type ModuleDefinition } from '../../catalogue/registry';
import {
  momentumRange,
  parameterRange,
  rangeChecked,
  rateRange,
  type ScheduleFactory,
  type ScheduleOptions,
} from './schedule-rule';

interface FamilySpec<Shape extends z.ZodRawShape> {
  options: Shape;
  /** Checks of several options together: what must hold, and the message when it does not. */
  checks?: readonly (readonly [
    (options: z.output<z.ZodObject<Shape>>) => boolean,
    { message: string; path?: PropertyKey[] },
  ])[];
  build(options: ScheduleOptions<Shape>): ScheduleFactory;
  /** One sentence, of "the learning rate", "the momentum" or "a value of the optimizer". */
  summary(value: string): string;
  /** Options of an example that runs, and those for the momentum where they differ. */
  example: string;
  momentumExample?: string;
  paper?: string;
  origin?: string;
}

type Family<Name extends string, Shape extends z.ZodRawShape> = readonly [
  Member<`${Name}LR`, Shape & typeof rateRange>,
  Member<`${Name}Momentum`, Shape & typeof momentumRange>,
  Member<`${Name}ParamScheduler`, Shape & typeof parameterRange>,
];
type Member<Type extends string, Shape extends z.ZodRawShape> = ModuleDefinition<
  z.ZodObject<Shape, z.core.$strict>,
  ScheduleFactory,
  Type,
  'param_scheduler'
>;

/**
 * Definitions of a rule under its three names.
 *
 * @example schedulerFamily('Step', { options, build, summary: (value) => `Multiplies ${value} by gamma`, example: 'step_size: 3' })
 */
export function schedulerFamily<const Name extends string, Shape extends z.ZodRawShape>(
  name: Name,
  { options, checks = [], build, summary, example, momentumExample = example, paper, origin }: FamilySpec<Shape>,
): Family<Name, Shape> {
  const member = (suffix: string, range: z.ZodRawShape, value: string, short: string, optionTexts: string) => {
    let schema = rangeChecked(z.strictObject({ ...options, ...range }) as unknown as z.ZodType<ScheduleOptions<Shape>>);
    for (const [holds, problem] of checks) schema = schema.refine(holds, problem);
    const type = `${name}${suffix}`;
    return defineModule({
      kind: 'param_scheduler',
      type,
      summary: summary(value),
      ...(paper ? { paper } : {}),
      ...(origin ? { origin } : {}),
      shapes: `the ${short} of a step -> that of the next`,
      example: `{ type: '${type}', ${optionTexts} }`,
      options: schema,
      build,
    });
  };
  // The schemas are put together from shapes that are known to the caller only.
  return [
    member('LR', rateRange, 'the learning rate', 'learning rate', example),
    member('Momentum', momentumRange, 'the momentum', 'momentum', momentumExample),
    member(
      'ParamScheduler',
      parameterRange,
      'a value of the optimizer',
      'value',
      `param_name: 'momentum', ${momentumExample}`,
    ),
  ] as unknown as Family<Name, Shape>;
}
