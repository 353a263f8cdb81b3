// Builds the box coder of a head, and refuses one that codes relative to priors of another form.

import type { BuildContext, ModuleConfig } from '../../../catalogue/registry';
import { DetLabError } from '../../../errors';
import { fitting, PRIOR_FORMS } from '../prior-forms';
import type { BoxCoder, PriorForm } from '../types';

/**
 * @example buildBBoxCoder(config.bbox_coder, { registry, path }, { head: 'FCOSHead', priors: 'points' })
 * @throws DetLabError that names both sides and the coders that fit.
 */
export function buildBBoxCoder(
  config: ModuleConfig,
  { registry, path }: Pick<BuildContext, 'registry' | 'path'>,
  { head, priors }: { head: string; priors: PriorForm },
): BoxCoder {
  const coder = registry.build('bbox_coder', config, { path });
  if (coder.priors === priors) return coder;
  const { type } = registry.get('bbox_coder', config.type);
  const types = registry.contracts('bbox_coder').flatMap(([name, other]) => (other.priors === priors ? [name] : []));
  throw new DetLabError(
    `Cannot use ${type} in ${head} at ${path}: ${type} codes boxes relative to ${PRIOR_FORMS[coder.priors]}, ${head} predicts ` +
      `them relative to ${PRIOR_FORMS[priors]}. ${fitting('Coders', head, types)}`,
  );
}
