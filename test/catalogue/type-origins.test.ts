// Which package has a type.

import { expect, test } from 'vitest';
import { KINDS } from '../../src/catalogue/registry';
import { nearestElsewhere, originOf, originOfKind, otherNamesake } from '../../src/catalogue/type-origins';
import { catalogue } from '../../src/lab/catalogue';

test.each([
  ['CenterNetHead', undefined, 'MMDetection 3.3.0'],
  ['mmdet.CenterNetHead', undefined, 'MMDetection 3.3.0'],
  ['mmyolo.YOLOv5PAFPN', undefined, 'MMYOLO 0.6.0'],
  ['TensorboardVisBackend', undefined, 'MMEngine 0.10.7'],
  ['mmyolo.EarlyStoppingHook', undefined, 'MMEngine 0.10.7'],
  ['mmpretrain.ConvNeXt', undefined, 'mmpretrain'],
  ['ModuleOutputs', 'mmrazor', 'mmrazor'],
  ['CenterNetHaed', undefined, undefined],
  ['torch.nn.Foo', undefined, undefined],
] as const)('%s (default scope %s) is of %s', (type, scope, label) => {
  expect(originOf(type, undefined, scope)?.label).toBe(label);
});

test('a type of one place is none of another', () => {
  expect(originOfKind('RMSprop', 'optimizer')?.label).toBe('MMEngine 0.10.7');
  expect(originOfKind('RMSprop', 'hook')).toBeUndefined();
  expect(originOfKind('SimpleRoIAlign', 'roi_layer')?.label).toBe('MMCV 2.1.0');
});

test('the nearest of other packages is a typing error away', () => {
  expect(nearestElsewhere('TensorbordVisBackend', 'vis_backend')?.name).toBe('TensorboardVisBackend');
  expect(nearestElsewhere('MyHook', 'hook')).toBeUndefined();
  expect(nearestElsewhere('MyVisualizer', 'visualizer')).toBeUndefined();
});

test('namesakes of MMYOLO are recognised by scope and by options', () => {
  expect(otherNamesake('CSPNeXtPAFPN', {}, 'mmyolo')?.scope).toBe('mmyolo');
  expect(otherNamesake('mmyolo.RTMDetHead', {})?.scope).toBe('mmyolo');
  expect(otherNamesake('RTMDetHead', { head_module: {} })?.scope).toBe('mmyolo');
  expect(otherNamesake('mmdet.RTMDetHead', {}, 'mmyolo')).toBeUndefined();
  expect(otherNamesake('RTMDetHead', {}, 'mmdet')).toBeUndefined();
  // MMDetection has it as well: another is meant
  expect(otherNamesake('mmpretrain.ResNet', {})?.scope).toBe('mmpretrain');
  expect(otherNamesake('mmpretrain.VisionTransformer', {})).toBeUndefined();
});

test('nearly every type of the catalogue is one of the packages, under its kind', () => {
  const others = KINDS.flatMap((kind) => catalogue.types(kind).filter((type) => !originOfKind(type, kind)));
  const ofMMRotate = [
    ...['ConvertBoxType', 'DOTADataset', 'DOTAMetric', 'DOTAv15Dataset', 'DOTAv2Dataset', 'PseudoAngleCoder'],
    ...['RBboxOverlaps2D', 'RandomRotate', 'RotLocalVisualizer', 'RotatedIoULoss'],
  ];
  const ofMMPose = ['mmpose.CocoMetric', 'mmpose.PoseLocalVisualizer'];
  const ofMMRazor = [
    ...['ChannelWiseDivergence', 'ConfigurableDistiller', 'ConvModuleConnector', 'FpnTeacherDistill', 'ModuleInputs'],
    ...['ModuleOutputs', 'NormConnector', 'PKDLoss', 'SingleTeacherDistill', 'StopDistillHook'],
  ];
  expect(others.filter((type) => ![...ofMMRotate, ...ofMMPose, ...ofMMRazor].includes(type)).sort()).toEqual([
    'ASFF',
    'ASPP',
    'AnchorShapeAssigner',
    'AugFPN',
    'BiFPN',
    'BoundaryMetric',
    'CSPDarknet53',
    'ConvNeXt',
    'CustomDataset',
    'HybridEncoder',
    'PSRoIAlign',
    'PSRoIPool',
    'RFB',
    'RFCN',
    'RFCNBBoxHead',
    'RFCNRoIHead',
    'RTDETR',
    'RTDETRHead',
    'RTDETRVarifocalLoss',
    'SAM',
    'SFAM',
    'SPP',
    'SoftRoIExtractor',
    'TIMMBackbone',
    'VisionTransformer',
    'WIDERFaceMetric',
    'YOLOV4',
    'YOLOV4Head',
    'YOLOV4Neck',
  ]);
});
