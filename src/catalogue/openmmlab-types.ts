// Type names that OpenMMLab's packages register, so that a type which DetLab lacks is not reported as a misspelt one. Collected
// from the `register_module` calls in the sources of the versions below, as published on PyPI; mmengine registers torch's
// optimizers at import. albumentations is there for the transforms inside `Albu`.

/** What a package registers a type as. */
export type TypeGroup =
  | 'models'
  | 'tasks'
  | 'transforms'
  | 'datasets'
  | 'metrics'
  | 'optimizers'
  | 'optim_wrappers'
  | 'constructors'
  | 'param_schedulers'
  | 'loops'
  | 'hooks'
  | 'data_samplers'
  | 'log_processors'
  | 'visualizers'
  | 'vis_backends'
  | 'collate_functions'
  | 'initializers'
  | 'model_wrappers'
  | 'roi_layers'
  | 'albu';

interface TypePackage {
  name: string;
  version: string;
  types: Partial<Record<TypeGroup, readonly string[]>>;
}

const names = (text: string): readonly string[] => text.trim().split(/\s+/);

/** By the scope that a type name may have: `mmdet.FPN`. */
export const OPENMMLAB_TYPES = {
  mmdet: {
    name: 'MMDetection',
    version: '3.3.0',
    types: {
      models: names(`
        AnchorFreeHead AnchorHead AssociativeEmbeddingLoss ATSS ATSSHead ATSSVLFusionHead AutoAssign
        AutoAssignHead BalancedL1Loss BaseMOTModel BasePanopticFusionHead BaseReID BaseSemanticHead
        BatchFixedSizePad BatchResize BatchSyncRandomResize BBoxHead BertModel BFP BoundedIoULoss BoxInst
        BoxInstBboxHead BoxInstDataPreprocessor BoxInstMaskHead ByteTrack ByteTracker CascadeRCNN CascadeRoIHead
        CascadeRPNHead CenterNet CenterNetHead CenterNetUpdateHead CentripetalHead ChannelMapper CIoULoss
        CoarseMaskHead CondInst CondInstBboxHead CondInstMaskHead ConditionalDETR ConditionalDETRHead
        ConvFCBBoxHead CornerHead CornerNet CrossEntropyCustomLoss CrossEntropyLoss CrowdDet CSPDarknet CSPNeXt
        CSPNeXtPAFPN CTResNetNeck DABDETR DABDETRHead Darknet DDOD DDODHead DDQDETR DDQDETRHead
        DecoupledSOLOHead DecoupledSOLOLightHead DeepSORT DeformableDETR DeformableDETRHead DetDataPreprocessor
        DetectionTransformer DetectoRS_ResNet DetectoRS_ResNeXt Detectron2Wrapper DETR DETRHead DetTTAModel
        DiceLoss DIIHead DilatedEncoder DINO DINOHead DIoULoss DistributionFocalLoss DoubleConvFCBBoxHead
        DoubleHeadRoIHead DropBlock DyHead DynamicConv DynamicMaskHead DynamicRoIHead EfficientNet EIoULoss
        EmbeddingRPNHead EQLV2Loss ExpMomentumEMA FasterRCNN FastRCNN FcModule FCNMaskHead FCOS FCOSHead
        FeatureRelayHead FocalCustomLoss FocalLoss FOVEA FoveaHead FPG FPN FPN_CARAFE FPN_DropBlock
        FreeAnchorRetinaHead FrozenBN FSAF FSAFHead FusedSemanticHead GARetinaHead GARPNHead GaussianFocalLoss
        GenericRoIExtractor GFL GFLHead GHMC GHMR GIoULoss GLIP GlobalAveragePooling GlobalContextHead GridHead
        GridRCNN GridRoIHead GroundingDINO GroundingDINOHead GuidedAnchorHead HeuristicFusionHead HourglassNet
        HRFPN HRNet HTCMaskHead HybridTaskCascade HybridTaskCascadeRoIHead IoULoss
        KnowledgeDistillationKLDivLoss KnowledgeDistillationSingleStageDetector L1Loss L2Loss LAD LADHead LDHead
        LearnedPositionalEncoding Linear LinearReIDHead MarginL2Loss Mask2Former Mask2FormerHead
        Mask2FormerTrackHead Mask2FormerVideo MaskFormer MaskFormerFusionHead MaskFormerHead MaskIoUHead
        MaskPointHead MaskRCNN MaskScoringRCNN MaskScoringRoIHead MaskTrackRCNN MaskTrackRCNNTracker MobileNetV2
        MSDeformAttnPixelDecoder MSELoss MultiBranchDataPreprocessor MultiInstanceBBoxHead MultiInstanceRoIHead
        MultiPosCrossEntropyLoss NASFCOS NASFCOS_FPN NASFCOSHead NASFPN NormedConv2d NormedLinear OCSORT
        OCSORTTracker PAA PAAHead PAFPN PanopticFPN PanopticFPNHead PISARetinaHead PISARoIHead PISASSDHead
        PixelDecoder PointRend PointRendRoIHead PyramidVisionTransformer PyramidVisionTransformerV2 QDTrack
        QualityFocalLoss QuasiDenseEmbedHead QuasiDenseTracker QuasiDenseTrackHead QueryInst RegNet
        ReIDDataPreprocessor RepPointsDetector RepPointsHead Res2Net ResLayer ResNeSt ResNet ResNetV1d ResNeXt
        RetinaHead RetinaNet RetinaSepBNHead RFP RoIEmbedHead RoITrackHead RPN RPNHead RTMDet RTMDetHead
        RTMDetInsHead RTMDetInsSepBNHead RTMDetSepBNHead SABLHead SABLRetinaHead SCNet SCNetBBoxHead
        SCNetMaskHead SCNetRoIHead SCNetSemanticHead SeesawLoss SemiBaseDetector Shared2FCBBoxHead
        Shared4Conv1FCBBoxHead SiLU SinePositionalEncoding SinePositionalEncoding3D SingleRoIExtractor
        SingleStageDetector SingleStageInstanceSegmentor SIoULoss SmoothL1Loss SoftTeacher SOLO SOLOHead SOLOv2
        SOLOV2Head SORTTracker SparseRCNN SparseRoIHead SSDHead SSDNeck SSDVGG SSH StageCascadeRPNHead
        StandardRoIHead StrongSORT StrongSORTTracker SwinTransformer TOOD TOODHead TrackDataPreprocessor
        TransformerEncoderPixelDecoder TridentFasterRCNN TridentResNet TridentRoIHead TripletLoss
        TwoStageDetector TwoStagePanopticSegmentor VarifocalLoss VFNet VFNetHead YOLACT YOLACTHead
        YOLACTProtonet YOLOF YOLOFHead YOLOV3 YOLOV3Head YOLOV3Neck YOLOX YOLOXHead YOLOXPAFPN
      `),
      tasks: names(`
        AnchorGenerator AppearanceFreeLink ApproxMaxIoUAssigner ATSSAssigner BBoxL1Cost BboxOverlaps2D
        BboxOverlaps2D_GLIP BinaryFocalLossCost BucketingBBoxCoder CameraMotionCompensation CenterRegionAssigner
        ClassificationCost CombinedSampler CrossEntropyLossCost DeltaXYWHBBoxCoder DeltaXYWHBBoxCoderForGLIP
        DiceCost DistancePointBBoxCoder DynamicSoftLabelAssigner FocalLossCost GridAssigner HungarianAssigner
        InstanceBalancedPosSampler InterpolateTracklets IoUBalancedNegSampler IoUCost KalmanFilter
        LegacyAnchorGenerator LegacyDeltaXYWHBBoxCoder LegacySSDAnchorGenerator MaskPseudoSampler MaxIoUAssigner
        MlvlPointGenerator MultiInsRandomSampler MultiInstanceAssigner OHEMSampler PointAssigner PointGenerator
        PseudoBBoxCoder PseudoSampler RandomSampler RegionAssigner ScoreHLRSampler SimOTAAssigner
        SSDAnchorGenerator TaskAlignedAssigner TBLRBBoxCoder TopkHungarianAssigner UniformAssigner
        YOLOAnchorGenerator YOLOBBoxCoder
      `),
      transforms: names(`
        Albu AutoAugment AutoContrast BaseFrameSample Brightness CachedMixUp CachedMosaic Color ColorTransform
        Contrast CopyPaste Corrupt CutOut Equalize Expand FilterAnnotations FixScaleResize FixShapeResize
        GeomTransform GTBoxSubOne_GLIP ImageToTensor InferencerLoader InstaBoost Invert LoadAnnotations
        LoadEmptyAnnotations LoadImageFromNDArray LoadMultiChannelImageFromFiles LoadPanopticAnnotations
        LoadProposals LoadTextAnnotations LoadTrackAnnotations MinIoURandomCrop MixUp Mosaic MultiBranch
        PackDetInputs PackReIDInputs PackTrackInputs Pad PhotoMetricDistortion Posterize ProposalBroadcaster
        RandAugment RandomAffine RandomCenterCropPad RandomCrop RandomErasing RandomFlip RandomFlip_GLIP
        RandomOrder RandomSamplingNegPos RandomShift Resize ResizeShortestEdge Rotate SegRescale Sharpness
        ShearX ShearY Solarize SolarizeAdd ToTensor TranslateX TranslateY Transpose UniformRefFrameSample
        WrapFieldsToLists YOLOXHSVRandomAug
      `),
      datasets: names(`
        ADE20KInstanceDataset ADE20KPanopticDataset ADE20KSegDataset BaseDetDataset BaseSegDataset
        BaseVideoDataset CityscapesDataset CocoCaptionDataset CocoDataset CocoPanopticDataset CocoSegDataset
        ConcatDataset CrowdHumanDataset DeepFashionDataset DODDataset DSDLDetDataset Flickr30kDataset
        iSAIDDataset LVISDataset LVISV05Dataset LVISV1Dataset MDETRStyleRefCocoDataset MOTChallengeDataset
        MultiImageMixDataset Objects365V1Dataset Objects365V2Dataset ODVGDataset OpenImagesChallengeDataset
        OpenImagesDataset RefCocoDataset ReIDDataset V3DetDataset VOCDataset WIDERFaceDataset XMLDataset
        YouTubeVISDataset
      `),
      metrics: names(`
        CityScapesMetric COCOCaptionMetric CocoMetric CocoOccludedSeparatedMetric CocoPanopticMetric
        CocoVideoMetric CrowdHumanMetric DODCocoMetric DumpDetResults DumpODVGResults DumpProposals
        Flickr30kMetric gRefCOCOMetric LVISFixedAPMetric LVISMetric MOTChallengeMetric MultiDatasetsEvaluator
        OpenImagesMetric OVCocoMetric RefExpMetric RefSegMetric ReIDMetrics SemSegMetric VOCMetric
        YouTubeVISMetric
      `),
      constructors: names('LearningRateDecayOptimizerConstructor'),
      param_schedulers: names('QuadraticWarmupLR QuadraticWarmupMomentum QuadraticWarmupParamScheduler'),
      loops: names('TeacherStudentValLoop'),
      hooks: names(`
        CheckInvalidLossHook DetVisualizationHook FastStopTrainingHook GroundingVisualizationHook
        MeanTeacherHook MemoryProfilerHook NumClassCheckHook PipelineSwitchHook SetEpochInfoHook SyncNormHook
        TrackVisualizationHook YOLOXModeSwitchHook
      `),
      data_samplers: names(`
        AspectRatioBatchSampler ClassAwareSampler CustomSampleSizeSampler GroupMultiSourceSampler
        MultiDataAspectRatioBatchSampler MultiDataSampler MultiSourceSampler TrackAspectRatioBatchSampler
        TrackImgSampler
      `),
      visualizers: names('DetLocalVisualizer TrackLocalVisualizer'),
    },
  },
  mmyolo: {
    name: 'MMYOLO',
    version: '0.6.0',
    types: {
      models: names(`
        BaseBackbone BaseYOLONeck BepC3StageBlock CBAM ConvWrapper CSPNeXt CSPNeXtPAFPN EELANBlock
        EffectiveSELayer ELANBlock ExpMomentumEMA IoULoss OksLoss PPYOLOEBasicBlock PPYOLOEBatchRandomResize
        PPYOLOECSPPAFPN PPYOLOECSPResNet PPYOLOEDetDataPreprocessor PPYOLOEHead PPYOLOEHeadModule RepStageBlock
        RepVGGBlock RTMDetHead RTMDetInsSepBNHead RTMDetInsSepBNHeadModule RTMDetRotatedHead
        RTMDetRotatedSepBNHeadModule RTMDetSepBNHeadModule SiLU SPPFCSPBlock TinyDownSampleBlock YOLODetector
        YOLOv5CSPDarknet YOLOv5DetDataPreprocessor YOLOv5Head YOLOv5HeadModule YOLOv5InsHead YOLOv5InsHeadModule
        YOLOv5PAFPN YOLOv6CSPBep YOLOv6CSPRepBiPAFPN YOLOv6CSPRepPAFPN YOLOv6EfficientRep YOLOv6Head
        YOLOv6HeadModule YOLOv6RepBiPAFPN YOLOv6RepPAFPN YOLOv7Backbone YOLOv7Head YOLOv7HeadModule
        YOLOv7p6HeadModule YOLOv7PAFPN YOLOv8CSPDarknet YOLOv8Head YOLOv8HeadModule YOLOv8PAFPN
        YOLOXBatchSyncRandomResize YOLOXCSPDarknet YOLOXHead YOLOXHeadModule YOLOXPAFPN YOLOXPoseHead
        YOLOXPoseHeadModule
      `),
      tasks: names(`
        BatchATSSAssigner BatchDynamicSoftLabelAssigner BatchShapePolicy BatchTaskAlignedAssigner
        DistanceAnglePointCoder DistancePointBBoxCoder PoseSimOTAAssigner YOLOv5BBoxCoder YOLOXBBoxCoder
      `),
      transforms: names(`
        Compose FilterAnnotations LetterResize LoadAnnotations Mosaic Mosaic9 PackDetInputs Polygon2Mask
        PPYOLOERandomCrop PPYOLOERandomDistort RandomAffine RandomFlip RegularizeRotatedBox RemoveDataElement
        Resize YOLOv5CopyPaste YOLOv5HSVRandomAug YOLOv5KeepRatioResize YOLOv5MixUp YOLOv5RandomAffine
        YOLOXMixUp
      `),
      datasets: names(`
        PoseCocoDataset YOLOv5CocoDataset YOLOv5CrowdHumanDataset YOLOv5DOTADataset YOLOv5VOCDataset
      `),
      constructors: names('YOLOv5OptimizerConstructor YOLOv7OptimWrapperConstructor'),
      hooks: names('PPYOLOEParamSchedulerHook SwitchToDeployHook YOLOv5ParamSchedulerHook YOLOXModeSwitchHook'),
      collate_functions: names('yolov5_collate'),
    },
  },
  mmcv: {
    name: 'MMCV',
    version: '2.1.0',
    types: {
      // the operators of mmcv.ops by whose names a RoI extractor finds its layer
      roi_layers: names(`
        DeformRoIPool DeformRoIPoolPack ModulatedDeformRoIPoolPack PrRoIPool RiRoIAlignRotated RoIAlign
        RoIAlignRotated RoIPool SimpleRoIAlign
      `),
      models: names(`
        BaseTransformerLayer bilinear BN BN1d BN2d BN3d carafe Clamp Clip ContextBlock Conv Conv1d Conv2d
        Conv2dAdaptivePadding Conv3d ConvAWS ConvModule ConvTranspose2d ConvTranspose3d ConvWS
        CrissCrossAttention DCN DCNv2 deconv deconv3d Dropout DropPath FFN GELU GeneralizedAttention GN HSigmoid
        HSwish IN IN1d IN2d IN3d LN MMSyncBN MultiheadAttention MultiScaleDeformableAttention nearest
        NonLocal2d pixel_shuffle reflect replicate SAC SiLU SparseConv2d SparseConv3d SparseConv4d
        SparseConvTranspose2d SparseConvTranspose3d SparseInverseConv2d SparseInverseConv3d SubMConv2d
        SubMConv3d SubMConv4d Swish SyncBN TransformerLayerSequence zero
      `),
      transforms: names(`
        CenterCrop Compose ImageToTensor KeyMapper LoadAnnotations LoadImageFromFile MultiScaleFlipAug Normalize
        Pad RandomApply RandomChoice RandomChoiceResize RandomFlip RandomGrayscale RandomResize Resize
        TestTimeAug ToTensor TransformBroadcaster
      `),
      hooks: names('RFSearchHook'),
    },
  },
  mmengine: {
    name: 'MMEngine',
    version: '0.10.7',
    types: {
      models: names(`
        BaseDataPreprocessor BaseTTAModel ExponentialMovingAverage ImgDataPreprocessor MomentumAnnealingEMA
        StochasticWeightAverage ToyModel
      `),
      datasets: names('ClassBalancedDataset ConcatDataset RepeatDataset ToyDataset'),
      metrics: names('DumpResults Evaluator ToyMetric'),
      optimizers: names(`
        _optim Adadelta Adafactor Adagrad Adam Adamax AdamW ASGD DeepSpeedCPUAdam FusedAdam FusedLamb LBFGS Lion
        NAdam OnebitAdam OnebitLamb optim_cls optim_type RAdam RMSprop Rprop SGD SparseAdam TorchAdafactor
        ZeroOneAdam ZeroRedundancyOptimizer
      `),
      optim_wrappers: names(`
        AmpOptimWrapper ApexOptimWrapper ColossalAIOptimWrapper DeepSpeedOptimWrapper OptimWrapper
      `),
      constructors: names('DefaultOptimWrapperConstructor'),
      param_schedulers: names(`
        ConstantLR ConstantMomentum ConstantParamScheduler CosineAnnealingLR CosineAnnealingMomentum
        CosineAnnealingParamScheduler CosineRestartLR CosineRestartMomentum CosineRestartParamScheduler
        ExponentialLR ExponentialMomentum ExponentialParamScheduler LinearLR LinearMomentum LinearParamScheduler
        MultiStepLR MultiStepMomentum MultiStepParamScheduler OneCycleLR OneCycleParamScheduler PolyLR
        PolyMomentum PolyParamScheduler ReduceOnPlateauLR ReduceOnPlateauMomentum ReduceOnPlateauParamScheduler
        StepLR StepMomentum StepParamScheduler
      `),
      loops: names('EpochBasedTrainLoop IterBasedTrainLoop TestLoop ValLoop'),
      hooks: names(`
        CheckpointHook DistSamplerSeedHook EarlyStoppingHook EMAHook EmptyCacheHook IterTimerHook LoggerHook
        NaiveVisualizationHook NPUProfilerHook ParamSchedulerHook PrepareTTAHook ProfilerHook RuntimeInfoHook
        SyncBuffersHook
      `),
      data_samplers: names('DefaultSampler InfiniteSampler'),
      log_processors: names('LogProcessor'),
      visualizers: names('Visualizer'),
      vis_backends: names(`
        AimVisBackend ClearMLVisBackend DVCLiveVisBackend LocalVisBackend MLflowVisBackend NeptuneVisBackend
        TensorboardVisBackend WandbVisBackend
      `),
      collate_functions: names('default_collate pseudo_collate'),
      initializers: names('Caffe2Xavier Constant Kaiming Normal Pretrained TruncNormal Uniform Xavier'),
      model_wrappers: names(`
        CollosalAIModelWrapper ColossalAIModelWrapper DataParallel DistributedDataParallel
        MMDeepSpeedEngineWrapper MMDistributedDataParallel MMFullyShardedDataParallel
        MMSeparateDistributedDataParallel
      `),
    },
  },
  albumentations: {
    name: 'albumentations',
    version: '1.3.1',
    types: {
      albu: names(`
        AdvancedBlur Affine BBoxSafeRandomCrop Blur CLAHE CenterCrop ChannelDropout ChannelShuffle CoarseDropout
        ColorJitter Compose Crop CropAndPad CropNonEmptyMaskIfExists Cutout Defocus Downscale ElasticTransform
        Emboss Equalize FDA FancyPCA Flip FromFloat GaussNoise GaussianBlur GlassBlur GridDistortion GridDropout
        HistogramMatching HorizontalFlip HueSaturationValue ISONoise ImageCompression InvertImg JpegCompression
        Lambda LongestMaxSize MaskDropout MedianBlur MotionBlur MultiplicativeNoise NoOp Normalize OneOf
        OneOrOther OpticalDistortion PadIfNeeded Perspective PiecewiseAffine PixelDistributionAdaptation
        PixelDropout Posterize RGBShift RandomBrightness RandomBrightnessContrast RandomContrast RandomCrop
        RandomCropFromBorders RandomCropNearBBox RandomFog RandomGamma RandomGravel RandomGridShuffle RandomRain
        RandomResizedCrop RandomRotate90 RandomScale RandomShadow RandomSizedBBoxSafeCrop RandomSizedCrop
        RandomSnow RandomSunFlare RandomToneCurve Resize RingingOvershoot Rotate SafeRotate Sequential Sharpen
        ShiftScaleRotate SmallestMaxSize Solarize SomeOf Spatter Superpixels TemplateTransform ToFloat ToGray
        ToRGB ToSepia Transpose UnsharpMask VerticalFlip ZoomBlur
      `),
    },
  },
} as const satisfies Record<string, TypePackage>;
