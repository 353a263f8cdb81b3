// The models of timm that are built here, and where its weights of two of them are.

export type TimmModel =
  | { kind: 'resnet'; depth: 18 | 34 | 50 | 101 | 152 }
  | { kind: 'efficientnet'; arch: 'b0' | 'b1' | 'b2' | 'b3' | 'b4' };

const resnets = (prefix: string, depths: Extract<TimmModel, { kind: 'resnet' }>['depth'][]) =>
  depths.map((depth): [string, TimmModel] => [`${prefix}resnet${depth}`, { kind: 'resnet', depth }]);

export const TIMM_MODELS: Readonly<Record<string, TimmModel>> = Object.fromEntries([
  ...resnets('', [18, 34, 50, 101, 152]),
  ...resnets('tv_', [34, 50, 101, 152]),
  ...(['b0', 'b1', 'b2', 'b3', 'b4'] as const).map((arch): [string, TimmModel] => [
    `efficientnet_${arch}`,
    { kind: 'efficientnet', arch },
  ]),
]);

const CHECKPOINTS: Readonly<Record<string, string>> = {
  efficientnet_b1:
    'https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-weights/efficientnet_b1-533bc792.pth',
  tv_resnet50: 'torchvision://resnet50',
};

/** What `pretrained: true` means. */
export const timmCheckpoint = (name: string): string | undefined => CHECKPOINTS[name];
