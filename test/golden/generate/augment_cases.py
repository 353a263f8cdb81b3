"""The cases of augment.py, which runs this file."""
COLOURS = ['Color', 'Brightness', 'Contrast', 'Sharpness', 'Solarize', 'SolarizeAdd', 'Posterize', 'Equalize', 'AutoContrast',
           'Invert', 'ColorTransform']
for kind in COLOURS:
    for seed in range(3):
        case(f'colour_{kind}_{seed}', dict(type=kind), (seed,), seed + 3)
    case(f'colour_{kind}_level', dict(type=kind, level=7, prob=0.9), (3,), 1)
for kind in ('Rotate', 'ShearX', 'ShearY', 'TranslateX', 'TranslateY'):
    for seed in range(3):
        case(f'geometric_{kind}_{seed}', dict(type=kind), (seed,), seed, masks='bitmap')
    case(f'geometric_{kind}_polygon', dict(type=kind, level=9, img_border_value=[104.0, 20.0, 255.0]), (0,), 5,
         masks='polygon')
    case(f'geometric_{kind}_level', dict(type=kind, level=3, prob=0.95, reversal_prob=0.1), (1,), 2)
for seed in range(5):
    case(f'policy_auto_{seed}', dict(type='AutoAugment'), (seed % 4,), seed, masks='bitmap')
    case(f'policy_rand_{seed}', dict(type='RandAugment', aug_num=3), (seed % 4,), seed, masks='bitmap')
    case(f'policy_order_{seed}', dict(type='RandomOrder', transforms=[
        dict(type='Color'), dict(type='Rotate', level=4), dict(type='ShearX')]), (seed % 4,), seed, masks='bitmap')
for seed in range(4):
    case(f'erasing_{seed}', dict(type='RandomErasing', n_patches=[2, 6], ratio=[0.1, 0.5], squared=seed % 2 == 0), (seed,),
         seed, masks='bitmap' if seed < 2 else None)
for i in range(4):
    case(f'resize_fix_{i}', dict(type='FixScaleResize', scale=[75, 57], keep_ratio=True), (i,))
    case(f'resize_shape_{i}', dict(type='FixShapeResize', width=70, height=50, keep_ratio=i % 2 == 0, pad_val=dict(img=[1, 2, 3])),
         (i,), masks='bitmap')
    case(f'resize_shortest_{i}', dict(type='ResizeShortestEdge', scale=51, max_size=90), (i,), masks='bitmap')
for seed in range(4):
    for masks in ('bitmap', 'polygon'):
        case(f'crop_{seed}_{masks}', dict(type='RandomCrop', crop_size=[30, 25], recompute_bbox=masks == 'bitmap'), (seed,), seed,
             masks=masks, outlines='drawn')
    case(f'crop_iou_{seed}', dict(type='MinIoURandomCrop'), (seed,), seed + 1, masks='polygon', outlines='drawn')
    case(f'ppyoloe_crop_{seed}', dict(type='PPYOLOERandomCrop', cover_all_box=seed == 3), (seed,), seed, registry=YOLO_TRANSFORMS)
    case(f'ppyoloe_crop_sides_{seed}', dict(type='PPYOLOERandomCrop', aspect_ratio=None, allow_no_crop=False), (seed,), seed,
         registry=YOLO_TRANSFORMS)
    case(f'ppyoloe_distort_{seed}', dict(type='PPYOLOERandomDistort'), (seed,), seed + 4, registry=YOLO_TRANSFORMS)
