// NAS-FPN within a detector of the reference.

import { beforeAll, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import { buildNeck } from '../../../src/models/necks';
import { torchShape } from '../../../src/nn';
import { goldenJson } from '../../golden-data';

const registry = createRegistry();
const inputs = [256, 512, 1024, 2048].map((channels, i) => ({ channels, stride: 4 * 2 ** i }));
const build = (config: ModuleConfig | ModuleConfig[]) => buildNeck(config, { registry, path: 'model.neck', inputs });

beforeAll(async () => void (await startEngine()));

test('NAS-FPN of the RetinaNet config has the parameters of the reference', () => {
  const { merged } = goldenJson<{ merged: { model: { neck: ModuleConfig } } }>('config_retinanet_r50_nasfpn');
  const { state_dict_order } = goldenJson<{ state_dict_order: [string, number[]][] }>('params_retinanet_r50_nasfpn');
  const neck = build(merged.model.neck);
  const expected = state_dict_order.filter(([name]) => name.startsWith('neck.'));
  expect([...neck.named()].map(([name, p]) => [`neck.${name}`, torchShape(p)])).toEqual(expected);
  neck.dispose();
});
