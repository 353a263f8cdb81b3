// How MobileNetV2 starts with an init_cfg: its first and last convolutions initialise themselves after it, as MMDetection's.

import { beforeAll, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { catalogue } from '../../../src/lab/catalogue';
import { expectStartingValues } from '../../starting-values';

beforeAll(() => startEngine());

test('with the init_cfg of SSDLite', () => {
  const config = {
    type: 'MobileNetV2',
    out_indices: [4, 7],
    init_cfg: { type: 'TruncNormal', layer: 'Conv2d', std: 0.03 },
  };
  const backbone = catalogue.build('backbone', config, { path: 'backbone' });
  expectStartingValues(backbone, {
    'conv1.conv.weight': [-0.002023, 0.08292, 0.284],
    'conv2.conv.weight': [-5.568e-6, 0.0395, 0.1977],
    'layer7.0.expand_conv.conv.weight': [0, 0.03, 0.135],
  });
  backbone.dispose();
});
