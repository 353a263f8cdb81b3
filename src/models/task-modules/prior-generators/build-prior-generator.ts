// Builds the prior generator of a head, and refuses one whose priors are of another form.

import type { BuildContext, ModuleConfig } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { fitting, PRIOR_FORMS } from '../prior-forms';
import type { PriorGenerator } from '../types';

/**
 * @example buildPriorGenerator(config.anchor_generator, { registry, path, inputs }, { head: 'RetinaHead', form: 'boxes' })
 * @throws DetLabError that names both sides and the generators that fit.
 */
export function buildPriorGenerator(
  config: ModuleConfig,
  { registry, path, inputs }: Pick<BuildContext, 'registry' | 'path' | 'inputs'>,
  { head, form }: { head: string; form: PriorGenerator['form'] },
): PriorGenerator {
  const generator = registry.build('anchor_generator', config, { path, inputs });
  if (generator.form === form) return generator;
  const { type } = registry.get('anchor_generator', config.type);
  const types = registry.contracts('anchor_generator').flatMap(([name, other]) => (other.form === form ? [name] : []));
  throw new DetLabError(
    `Cannot use ${type} in ${head} at ${path}: ${type} generates ${PRIOR_FORMS[generator.form]}, ${head} needs ` +
      `${PRIOR_FORMS[form]}. ${fitting('Generators', head, types)}`,
  );
}
