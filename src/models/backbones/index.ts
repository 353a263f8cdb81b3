// Every backbone of the catalogue.

import type { AnyDefinition } from '../../registry';
import { resnet } from './resnet';

export { ResNet, type ResNetOptions, resnet } from './resnet';

export const backbones = [resnet] as const satisfies readonly AnyDefinition[];
