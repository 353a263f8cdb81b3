// Classes given by their path, as new-style configs import them and mmengine prints them: each becomes the name under which
// OpenMMLab's registries know it. `torch.nn.modules.batchnorm.BatchNorm2d` is `BN`, `mmengine.model.PretrainedInit` `Pretrained`.

/** Names that differ from the class's, as mmcv and mmengine register them. */
const REGISTERED = new Map([
  ['BatchNorm1d', 'BN1d'],
  ['BatchNorm2d', 'BN'],
  ['BatchNorm3d', 'BN3d'],
  ['SyncBatchNorm', 'SyncBN'],
  ['GroupNorm', 'GN'],
  ['LayerNorm', 'LN'],
  ['InstanceNorm1d', 'IN1d'],
  ['InstanceNorm2d', 'IN'],
  ['InstanceNorm3d', 'IN3d'],
  ['Hardswish', 'HSwish'],
  ['Clamp', 'Clip'],
  ['DeformConv2dPack', 'DCN'],
  ['ModulatedDeformConv2dPack', 'DCNv2'],
  ['ConvWS2d', 'ConvWS'],
  ['ConvAWS2d', 'ConvAWS'],
  ['SAConv2d', 'SAC'],
  ['ConvTranspose2d', 'deconv'],
  ['PixelShufflePack', 'pixel_shuffle'],
  ['CARAFEPack', 'carafe'],
  ['FrozenBatchNorm2d', 'FrozenBN'],
  ['ZeroPad2d', 'zero'],
  ['ReflectionPad2d', 'reflect'],
  ['ReplicationPad2d', 'replicate'],
  ['ConstantInit', 'Constant'],
  ['XavierInit', 'Xavier'],
  ['NormalInit', 'Normal'],
  ['TruncNormalInit', 'TruncNormal'],
  ['UniformInit', 'Uniform'],
  ['KaimingInit', 'Kaiming'],
  ['Caffe2XavierInit', 'Caffe2Xavier'],
  ['PretrainedInit', 'Pretrained'],
]);

const PATH = /^(torch|mmcv|mmengine|mmdet|mmyolo|mmpretrain)\.(?:\w+\.)*(\w+)$/;
/** Packages whose classes are known by their bare name in every scope. */
const BASES = ['torch', 'mmcv', 'mmengine'];

/** A class, or one of mmcv's functions for suppression: not a file such as `mmdet.pth`. */
const isClass = (name: string): boolean => /^[A-Z]/.test(name) || /^(soft_)?nms$/.test(name);

/**
 * The registered name of a class path; undefined for any other string. Classes of detection packages keep their package as
 * scope where it is not the config's: in a config of MMYOLO, `mmdet.models.necks.CSPNeXtPAFPN` is `mmdet.CSPNeXtPAFPN`.
 */
export function nameOfClassPath(text: string, scope: string): string | undefined {
  const [, from, last] = PATH.exec(text) ?? [];
  if (from === undefined || !isClass(last)) return undefined;
  const inMMCV = text === 'mmcv.ops.SyncBatchNorm' || text.startsWith('mmcv.ops.sync_bn.');
  const name = inMMCV ? 'MMSyncBN' : (REGISTERED.get(last) ?? last);
  return BASES.includes(from) || from === scope ? name : `${from}.${name}`;
}
