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

# ---- what cv2 fills
rng = np.random.RandomState(7)
fills = []
for i in range(40):
    w, h = int(rng.randint(5, 60)), int(rng.randint(5, 50))
    low, high = (0, 1) if i % 3 else (-0.4, 1.4)
    parts = []
    for _ in range(rng.randint(1, 3)):
        n = rng.randint(3, 9)
        parts.append(np.stack([rng.uniform(low * w, high * w + 1, n), rng.uniform(low * h, high * h + 1, n)], 1).astype(np.int32))
    filled = np.zeros((h, w), np.uint8)
    cv2.drawContours(filled, [p.reshape(-1, 1, 2) for p in parts], -1, (1,), cv2.FILLED)
    fills.append(dict(width=w, height=h, parts=[p.reshape(-1).tolist() for p in parts], digest=digest(filled)))
with open(f'{sys.argv[1]}/fill_polygons.json', 'w') as file:
    json.dump(fills, file, separators=(',', ':'))
    file.write('\n')
