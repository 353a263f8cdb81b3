// Classes as values in new-style configs, and as the paths that mmengine prints of them: the model of the registered names.

import path from 'node:path';
import { expect, test } from 'vitest';
import { findConfigProblems } from '../../../src/catalogue/check-config';
import { loadConfig, migrateConfig } from '../../../src/config';
import { nameOfClassPath } from '../../../src/config/migrate/class-paths';
import { catalogue } from '../../../src/lab/catalogue';
import { scratch } from '../scratch';

const IMPORTS = `from mmcv.ops import DeformConv2dPack, RoIAlign, nms, soft_nms
from mmcv.transforms import LoadImageFromFile, RandomChoice, RandomChoiceResize, RandomResize
from mmengine.dataset.sampler import DefaultSampler
from mmengine.hooks.ema_hook import EMAHook
from mmengine.model import Caffe2XavierInit, KaimingInit, NormalInit
from mmengine.model.weight_init import ConstantInit, PretrainedInit, TruncNormalInit, UniformInit, XavierInit
from mmengine.optim import MultiStepLR
from mmengine.optim.optimizer import OptimWrapper
from mmengine.runner.loops import EpochBasedTrainLoop
from torch.nn import BatchNorm2d, GroupNorm, Hardswish, LayerNorm, SyncBatchNorm
from torch.nn.modules.activation import GELU, SiLU
from torch.optim.sgd import SGD
from mmdet.datasets import CocoDataset
from mmdet.datasets.transforms import LoadAnnotations, PackDetInputs, RandomCrop, RandomFlip, Resize
from mmdet.models import CSPNeXt, CSPNeXtPAFPN, DetDataPreprocessor, GIoULoss, QualityFocalLoss, RTMDet, RTMDetSepBNHead
from mmdet.models.layers.ema import ExpMomentumEMA
from mmdet.models.task_modules import DistancePointBBoxCoder, DynamicSoftLabelAssigner, MlvlPointGenerator
`;
const BODY = `model = dict(
    type=RTMDet, data_preprocessor=dict(type=DetDataPreprocessor, mean=[0, 0, 0], std=[1, 1, 1]),
    backbone=dict(type=CSPNeXt, deepen_factor=0.167, widen_factor=0.375, norm_cfg=dict(type=SyncBatchNorm),
                  act_cfg=dict(type=SiLU, inplace=True),
                  init_cfg=dict(type=PretrainedInit, prefix='backbone.', checkpoint='cspnext.pth')),
    neck=dict(type=CSPNeXtPAFPN, in_channels=[96, 192, 384], out_channels=96, num_csp_blocks=1,
              norm_cfg=dict(type=BatchNorm2d), act_cfg=dict(type=Hardswish),
              init_cfg=dict(type=KaimingInit, layer='Conv2d')),
    bbox_head=dict(type=RTMDetSepBNHead, num_classes=3, in_channels=96, feat_channels=96, stacked_convs=2,
                   anchor_generator=dict(type=MlvlPointGenerator, offset=0, strides=[8, 16, 32]),
                   bbox_coder=dict(type=DistancePointBBoxCoder),
                   loss_cls=dict(type=QualityFocalLoss, use_sigmoid=True, beta=2.0),
                   loss_bbox=dict(type=GIoULoss), norm_cfg=dict(type=BatchNorm2d), act_cfg=dict(type=SiLU)),
    train_cfg=dict(assigner=dict(type=DynamicSoftLabelAssigner, topk=13)),
    test_cfg=dict(score_thr=0.001, nms=dict(type=nms, iou_threshold=0.65), max_per_img=300))
rescaling = dict(type=RandomResize, scale=(64, 64), ratio_range=(0.5, 2.0), resize_type=Resize, keep_ratio=True)
train_dataloader = dict(
    batch_size=2, sampler=dict(type=DefaultSampler, shuffle=True),
    dataset=dict(type=CocoDataset, ann_file='a.json', pipeline=[
        dict(type=LoadImageFromFile), dict(type=LoadAnnotations, with_bbox=True),
        dict(type=RandomChoice, transforms=[
            [rescaling], [dict(type=RandomChoiceResize, scales=[(64, 64)], resize_type=Resize)]]),
        dict(type=RandomFlip, prob=0.5), dict(type=PackDetInputs)]))
optim_wrapper = dict(type=OptimWrapper, optimizer=dict(type=SGD, lr=0.01))
param_scheduler = [dict(type=MultiStepLR, by_epoch=True, milestones=[8])]
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=1)
custom_hooks = [dict(type=EMAHook, ema_type=ExpMomentumEMA, momentum=0.0002, update_buffers=True)]
`;

/** The same config with names in place of the classes. */
const named = (text: string): string =>
  Object.entries({ SyncBatchNorm: 'SyncBN', BatchNorm2d: 'BN', Hardswish: 'HSwish', KaimingInit: 'Kaiming' })
    .concat([['PretrainedInit', 'Pretrained']])
    .reduce((body, [from, to]) => body.replaceAll(from, to), text)
    .replace(/(type|_type)=([A-Za-z]\w*)/g, "$1='$2'");

test('a new-style config with classes everywhere is the classic config with their names', () => {
  const folder = scratch({ 'new.py': IMPORTS + BODY, 'classic.py': named(BODY) });
  const read = (file: string) => migrateConfig(loadConfig(path.join(folder, file)).config).config;
  const config = read('new.py');
  expect(config).toEqual(read('classic.py'));
  expect(findConfigProblems(config, catalogue)).toEqual([]);
});

// [path, registered name]: as the registries of mmengine, mmcv and mmdet have them
test.each([
  ['torch.nn.BatchNorm2d', 'BN'],
  ['torch.nn.modules.batchnorm.BatchNorm2d', 'BN'],
  ['torch.nn.modules.batchnorm.SyncBatchNorm', 'SyncBN'],
  ['mmcv.ops.SyncBatchNorm', 'MMSyncBN'],
  ['mmcv.ops.sync_bn.SyncBatchNorm', 'MMSyncBN'],
  ['torch.nn.modules.normalization.GroupNorm', 'GN'],
  ['torch.nn.LayerNorm', 'LN'],
  ['torch.nn.modules.activation.SiLU', 'SiLU'],
  ['mmcv.cnn.bricks.swish.Swish', 'Swish'],
  ['mmcv.ops.nms', 'nms'],
  ['mmcv.ops.nms.soft_nms', 'soft_nms'],
  ['mmcv.ops.modulated_deform_conv.ModulatedDeformConv2dPack', 'DCNv2'],
  ['mmengine.model.weight_init.PretrainedInit', 'Pretrained'],
  ['mmengine.model.Caffe2XavierInit', 'Caffe2Xavier'],
  ['mmdet.datasets.transforms.transforms.Resize', 'Resize'],
  ['torch.optim.adamw.AdamW', 'AdamW'],
])('%s is %s', (text, name) => expect(nameOfClassPath(text, 'mmdet')).toBe(name));

test.each([
  'mmdet.pth',
  'mmcv.ops',
  'torch.float16',
  'torchvision://resnet50',
  'Resize',
  'data/mmdet.Resize',
  'my.Neck',
])('"%s" is no class path', (text) => expect(nameOfClassPath(text, 'mmdet')).toBeUndefined());

test('classes of another detection package keep it as scope', () => {
  const text = 'mmdet.models.necks.CSPNeXtPAFPN';
  expect([nameOfClassPath(text, 'mmdet'), nameOfClassPath(text, 'mmyolo')]).toEqual([
    'CSPNeXtPAFPN',
    'mmdet.CSPNeXtPAFPN',
  ]);
  expect(nameOfClassPath('mmyolo.models.YOLOv8Head', 'mmdet')).toBe('mmyolo.YOLOv8Head');
});
