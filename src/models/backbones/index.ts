// Every backbone of the catalogue.

import type { AnyDefinition } from '../../catalogue/registry';
import { convNeXt } from './convnext';
import { cspDarknet } from './csp-darknet';
import { cspDarknet53 } from './csp-darknet53';
import { ppyoloeCSPResNet } from './csp-resnet';
import { cspNeXt, mmyoloCSPNeXt } from './cspnext';
import { darknet } from './darknet';
import { detectorsResNet, detectorsResNeXt } from './detectors-resnet';
import { yolov6CSPBep, yolov6EfficientRep } from './efficient-rep';
import { efficientNet } from './efficientnet';
import { hourglassNetDefinition } from './hourglass-net';
import { hrnet } from './hrnet';
import { mmpretrainResnet } from './mmpretrain-resnet';
import { mobilenetV2 } from './mobilenet-v2';
import { pyramidVisionTransformer, pyramidVisionTransformerV2 } from './pyramid-vision-transformer';
import { regnet } from './regnet';
import { res2net } from './res2net';
import { resnest } from './resnest';
import { resnet, resnetV1d } from './resnet';
import { resnext } from './resnext';
import { ssdVgg } from './ssd-vgg';
import { swinTransformer } from './swin-transformer';
import { timmBackbone } from './timm-backbone';
import { tridentResNet } from './trident-resnet';
import { visionTransformer } from './vision-transformer';
import { yolov5CSPDarknet } from './yolov5-csp-darknet';
import { yolov7Backbone } from './yolov7-backbone';
import { yolov8CSPDarknet } from './yolov8-csp-darknet';
import { yoloxCSPDarknet } from './yolox-csp-darknet';

export { ConvNeXt, convNeXt } from './convnext';
export { CSPDarknet, cspDarknet } from './csp-darknet';
export { CSPDarknet53, cspDarknet53 } from './csp-darknet53';
export { PPYOLOECSPResNet, ppyoloeCSPResNet } from './csp-resnet';
export { CSPNeXt, cspNeXt, mmyoloCSPNeXt } from './cspnext';
export { Darknet, darknet } from './darknet';
export { DetectoRSResNet, detectorsResNet, detectorsResNeXt } from './detectors-resnet';
export { YOLOv6EfficientRep, yolov6CSPBep, yolov6EfficientRep } from './efficient-rep';
export { EfficientNet, efficientNet } from './efficientnet';
export { HRNet, hrnet } from './hrnet';
export { MobileNetV2, mobilenetV2 } from './mobilenet-v2';
export {
  PyramidVisionTransformer,
  pyramidVisionTransformer,
  pyramidVisionTransformerV2,
} from './pyramid-vision-transformer';
export { RegNet, regnet } from './regnet';
export { Res2Net, res2net } from './res2net';
export { ResNeSt, resnest } from './resnest';
export { ResNet, type ResNetOptions, resnet, resnetV1d } from './resnet';
export { ResNeXt, resnext } from './resnext';
export { SSDVGG, ssdVgg } from './ssd-vgg';
export { SwinTransformer, swinTransformer } from './swin-transformer';
export { TIMMBackbone, timmBackbone } from './timm-backbone';
export { timmCheckpoint } from './timm-models';
export { TridentResNet, tridentResNet } from './trident-resnet';
export { VisionTransformer, visionTransformer } from './vision-transformer';
export { YOLOv5CSPDarknet, yolov5CSPDarknet } from './yolov5-csp-darknet';
export { YOLOv7Backbone, yolov7Backbone } from './yolov7-backbone';
export { YOLOv8CSPDarknet, yolov8CSPDarknet } from './yolov8-csp-darknet';
export { YOLOXCSPDarknet, yoloxCSPDarknet } from './yolox-csp-darknet';

export const backbones = [
  resnet,
  resnetV1d,
  resnext,
  resnest,
  tridentResNet,
  res2net,
  regnet,
  detectorsResNet,
  detectorsResNeXt,
  hrnet,
  hourglassNetDefinition,
  timmBackbone,
  efficientNet,
  mobilenetV2,
  swinTransformer,
  convNeXt,
  pyramidVisionTransformer,
  pyramidVisionTransformerV2,
  visionTransformer,
  darknet,
  cspDarknet,
  cspDarknet53,
  cspNeXt,
  mmyoloCSPNeXt,
  yolov5CSPDarknet,
  yolov6EfficientRep,
  yolov6CSPBep,
  yolov7Backbone,
  yoloxCSPDarknet,
  ppyoloeCSPResNet,
  yolov8CSPDarknet,
  ssdVgg,
  mmpretrainResnet,
] as const satisfies readonly AnyDefinition[];
