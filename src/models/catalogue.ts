// Every module of the project, in one explicit list.

import { type AnyDefinition, Registry } from '../catalogue/registry';
import { backbones } from './backbones';
import { dataPreprocessors } from './data-preprocessors';
import { denseHeads } from './dense-heads';
import { detectors } from './detectors';
import { distillers } from './distillers';
import { languageModels } from './language-models';
import { positionalEncodings } from './layers/positional-encodings';
import { losses } from './losses';
import { maskHeads } from './mask-heads';
import { necks } from './necks';
import { reidHeads } from './reid';
import { roiHeads } from './roi-heads';
import { segHeads } from './seg-heads';
import { taskModules } from './task-modules';
import { testTimeAugs } from './test-time-augs';
import { trackers } from './trackers';
import { trackingHeads } from './tracking-heads';

export const catalogue: AnyDefinition[] = [
  ...detectors,
  ...dataPreprocessors,
  ...backbones,
  ...necks,
  ...denseHeads,
  ...maskHeads,
  ...roiHeads,
  ...segHeads,
  ...reidHeads,
  ...losses,
  ...taskModules,
  ...positionalEncodings,
  ...languageModels,
  ...testTimeAugs,
  ...trackingHeads,
  ...trackers,
  ...distillers,
];

/** A registry of everything in the catalogue; own modules are added to it with `add`. */
export function createRegistry(): Registry {
  return new Registry(catalogue);
}
