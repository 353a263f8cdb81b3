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

# ---- several images


def mixed(transform, r):
    return transform.mix_img_transform(r)


def with_mirrored(transform, r):
    """The other image is mirrored, so that both have one size."""
    r['mix_results'] = [RandomFlip(prob=1.0)(r['mix_results'][0])]  # noqa: F405
    draws.clear()
    return transform(r)


for seed in range(3):
    case(f'mosaic9_{seed}', dict(type='Mosaic9', img_scale=[40, 36], bbox_clip_border=seed > 0), (0, 1, 2, 3, 0, 2, 1, 3, 2), seed,
         registry=YOLO_TRANSFORMS, run=mixed)
for seed in range(6):
    case(f'yolo_paste_{seed}', dict(type='YOLOv5CopyPaste', prob=0.7, ioa_thresh=[0.3, 0.9][seed % 2]), (seed % 4,), seed,
         masks='polygon', registry=YOLO_TRANSFORMS)
    case(f'copy_paste_{seed}', dict(type='CopyPaste', mask_occluded_thr=40, bbox_occluded_thr=3, selected=seed > 0),
         (seed % 4, seed % 4), seed, masks='bitmap', run=with_mirrored)
    case(f'copy_box_{seed}', dict(type='CopyPaste', paste_by_box=True, max_num_pasted=2), (seed % 4, seed % 4), seed,
         run=with_mirrored)

# ---- CornerNet's window; MMDetection insists on floats
for seed in range(6):
    case(f'center_crop_{seed}', dict(type='RandomCenterCropPad', crop_size=[40, 36], ratios=[0.6, 0.8, 1.0, 1.3], border=12,
                                     mean=[10, 20, 30], std=[1, 1, 1], to_rgb=seed % 2 == 0, test_pad_mode=None,
                                     bbox_clip_border=seed != 3), (seed % 4,), seed,
         run=lambda transform, r: transform(dict(r, img=r['img'].astype(np.float32))))
for mode in (['logical_or', 31], ['size_divisor', 16]):
    case(f'center_pad_{mode[0]}', dict(type='RandomCenterCropPad', crop_size=None, ratios=None, border=None, test_mode=True,
                                       mean=[1, 2, 3], std=[1, 1, 1], to_rgb=True, test_pad_mode=mode), (1,),
         run=lambda transform, r: transform(dict(r, img=r['img'].astype(np.float32))))

# ---- GLIP's boxes, and bicubic resizing without Intel's IPP
case('glip_flip', dict(type='RandomFlip_GLIP', prob=1.0), (0,), 1, masks='bitmap')
case('glip_vertical', dict(type='RandomFlip_GLIP', prob=1.0, direction='vertical'), (1,), 1)
case('glip_boxes', dict(type='GTBoxSubOne_GLIP'), (2,), run=lambda transform, r: transform(r))
cv2.setUseOptimized(False)
for i in range(4):
    case(f'bicubic_{i}', dict(type='FixShapeResize', width=64 + 11 * i, height=70 - 13 * i, interpolation='bicubic'), (i,))
cv2.setUseOptimized(True)

# ---- albumentations, which draws from Python's random; Compose draws once before
import albumentations.random_utils as random_utils  # noqa: E402


def python_recorded(name, note):
    original = getattr(random, name)
    setattr(random, name, lambda *a: note(original, *a))


def middle(original, count, size=None, replace=True, p=None):
    """The number between 0 and 1 that gives the same choice."""
    made = len(draws)
    index = original(count, size, replace, p)
    del draws[made:]
    before = sum(p[:index])
    draws.append(before + p[index] / 2)
    return index


def position(original, x):
    i = original(range(len(x)))
    draws.append(i)
    return x[i]


def order(original, x):
    indices = list(range(len(x)))
    original(indices)
    draws.append(indices)
    x[:] = [x[i] for i in indices]


python_recorded('random', lambda original: keep(original()))
python_recorded('uniform', lambda original, a, b: keep(original(a, b)))
python_recorded('randint', lambda original, a, b: keep(original(a, b), a))
python_recorded('choice', position)
python_recorded('shuffle', order)
plain_choice = random_utils.choice
random_utils.choice = lambda *a, **k: middle(plain_choice, *a, **k)
params = dict(type='BboxParams', format='pascal_voc', label_fields=['gt_bboxes_labels', 'gt_ignore_flags'], min_visibility=0.0,
              filter_lost_elements=True)


def albu(name, steps, i, seed, masks=None, **more):
    case(f'albu_{name}', dict(type='Albu', transforms=steps, bbox_params=params, skip_img_without_anno=True), (i,), seed, masks=masks,
         skip=1, **more)


for seed in range(4):
    albu(f'contrast_{seed}', [dict(type='RandomBrightnessContrast', brightness_limit=[-0.1, 0.3], contrast_limit=0.4, p=1.0,
                                   brightness_by_max=seed % 2 == 0)], seed, seed)
    albu(f'rgb_{seed}', [dict(type='RGBShift', r_shift_limit=40, g_shift_limit=[5, 30], b_shift_limit=60, p=1.0)], seed, seed)
    albu(f'hue_{seed}', [dict(type='HueSaturationValue', hue_shift_limit=[-90, 90], p=1.0)], seed, seed, sampled=True)
    albu(f'jpeg_{seed}', [dict(type='JpegCompression', quality_lower=40, quality_upper=95, p=1.0)], seed, seed)
    albu(f'shuffle_{seed}', [dict(type='ChannelShuffle', p=1.0)], seed, seed)
    albu(f'shift_{seed}', [dict(type='ShiftScaleRotate', shift_limit=0.3, scale_limit=0.4, rotate_limit=40, p=1.0,
                                **(dict(border_mode=0, value=[30, 90, 200]) if seed % 2 else {}))], seed, seed, masks='bitmap')
    albu(f'blur_{seed}', [dict(type='Blur', p=0.9), dict(type='ToGray', p=0.5)], seed, seed)
for seed in range(6):
    albu(f'example_{seed}', [
        dict(type='ShiftScaleRotate', shift_limit=0.0625, scale_limit=0.0, rotate_limit=0, interpolation=1, p=0.5),
        dict(type='RandomBrightnessContrast', brightness_limit=[0.1, 0.3], contrast_limit=[0.1, 0.3], p=0.5),
        dict(type='OneOf', transforms=[
            dict(type='RGBShift', r_shift_limit=10, g_shift_limit=10, b_shift_limit=10, p=1.0),
            dict(type='MedianBlur', blur_limit=3, p=0.5)], p=0.8),
        dict(type='JpegCompression', quality_lower=85, quality_upper=95, p=0.2), dict(type='ChannelShuffle', p=0.1)],
        seed % 4, seed, masks='bitmap')
