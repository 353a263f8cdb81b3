export default {
  _backend_args: null,
  tta_model: { type: 'mmdet.DetTTAModel', tta_cfg: { nms: { type: 'nms', iou_threshold: 0.65 }, max_per_img: 300 } },
  img_scales: [
    [640, 640],
    [320, 320],
    [960, 960],
  ],
  _multiscale_resize_transforms: [
    {
      type: 'Compose',
      transforms: [
        { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
        { type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } },
      ],
    },
    {
      type: 'Compose',
      transforms: [
        { type: 'YOLOv5KeepRatioResize', scale: [320, 320] },
        { type: 'LetterResize', scale: [320, 320], allow_scale_up: false, pad_val: { img: 114 } },
      ],
    },
    {
      type: 'Compose',
      transforms: [
        { type: 'YOLOv5KeepRatioResize', scale: [960, 960] },
        { type: 'LetterResize', scale: [960, 960], allow_scale_up: false, pad_val: { img: 114 } },
      ],
    },
  ],
  tta_pipeline: [
    { type: 'LoadImageFromFile', backend_args: null },
    {
      type: 'TestTimeAug',
      transforms: [
        [
          {
            type: 'Compose',
            transforms: [
              { type: 'YOLOv5KeepRatioResize', scale: [640, 640] },
              { type: 'LetterResize', scale: [640, 640], allow_scale_up: false, pad_val: { img: 114 } },
            ],
          },
          {
            type: 'Compose',
            transforms: [
              { type: 'YOLOv5KeepRatioResize', scale: [320, 320] },
              { type: 'LetterResize', scale: [320, 320], allow_scale_up: false, pad_val: { img: 114 } },
            ],
          },
          {
            type: 'Compose',
            transforms: [
              { type: 'YOLOv5KeepRatioResize', scale: [960, 960] },
              { type: 'LetterResize', scale: [960, 960], allow_scale_up: false, pad_val: { img: 114 } },
            ],
          },
        ],
        [
          { type: 'mmdet.RandomFlip', prob: 1.0 },
          { type: 'mmdet.RandomFlip', prob: 0.0 },
        ],
        [{ type: 'mmdet.LoadAnnotations', with_bbox: true }],
        [
          {
            type: 'mmdet.PackDetInputs',
            meta_keys: [
              'img_id',
              'img_path',
              'ori_shape',
              'img_shape',
              'scale_factor',
              'pad_param',
              'flip',
              'flip_direction',
            ],
          },
        ],
      ],
    },
  ],
};
