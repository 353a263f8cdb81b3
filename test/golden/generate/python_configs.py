"""Small Python configs, each with what mmengine reads from it: test/golden/config/python_configs.json.

Needs mmengine 0.10.7 from PyPI. Run: python python_configs.py OUTPUT.json
Values are typed: {"$tuple": [...]}, {"$float": "1.0"}, {"$set": [...]}, {"$dict": [[key, value], ...]}.
"""

import json
import os
import sys
import tempfile
import warnings

from mmengine.config import Config

BASE = """
scale = (1333, 800)
backend_args = None
lr = 0.02
names = ['a', 'b']
model = dict(
    type='Detector',
    backbone=dict(type='ResNet', depth=50, out_indices=(0, 1, 2, 3), norm_cfg=dict(type='BN', requires_grad=True)),
    neck=dict(type='FPN', in_channels=[256, 512], num_outs=5),
    heads=[dict(type='Head', num_classes=80), dict(type='Head', num_classes=80)])
pipeline = [dict(type='Load', backend_args=backend_args), dict(type='Resize', scale=scale, keep_ratio=True)]
loader = dict(batch_size=2, dataset=dict(type='Coco', pipeline=pipeline))
"""
OTHER = "schedule = dict(type='Step', by_epoch=True, milestones=[8, 11])\nextra = 1\n"
NEW_BASE = """
from mmdet.models import FPN, Detector
from mmdet.models.backbones import ResNet as Net
import torch.nn as nn
import torch.optim
model = dict(type=Detector, backbone=dict(type=Net, depth=50, act=nn.ReLU), neck=dict(type=FPN, num_outs=5))
optim = dict(type=torch.optim.SGD, lr=0.02)
pipeline = [dict(type='Load'), dict(type='Flip', prob=0.5)]
loader = dict(pipeline=pipeline)
num = 3
"""

CLASSIC = {
    'empty': '',
    'base_only': "_base_ = './base.py'\n",
    'two_bases': "_base_ = ['base.py', './other.py']\nextra = 2\n",
    'override': "_base_ = 'base.py'\nmodel = dict(backbone=dict(depth=101), neck=dict(in_channels=[1, 2, 3], extra=1.0))\nlr = 1\n",
    'delete': "_base_ = 'base.py'\nmodel = dict(backbone=dict(_delete_=True, type='Other'), neck=dict(_delete_=False, num_outs=6))\n",
    'delete_stays': "_base_ = 'base.py'\nfresh = dict(_delete_=True, a=dict(_delete_=True, b=1))\nmodel = dict(_delete_=True, x=dict(_delete_=True, y=1))\n",
    'delete_over_list': "_base_ = 'base.py'\nnames = dict(_delete_=True, a=1)\n",
    'dict_over_list': "_base_ = 'base.py'\nnames = dict(a=1)\n",
    'dict_over_none': "_base_ = 'base.py'\nbackend_args = dict(a=1)\n",
    'list_over_dict': "_base_ = 'base.py'\nmodel = dict(backbone=[1], neck=None)\n",
    'list_keys': "_base_ = 'base.py'\nmodel = dict(heads={'0': dict(num_classes=3)})\n",
    'same_key_in_bases': "_base_ = ['base.py', 'clash.py']\n",
    'base_variable': "_base_ = 'base.py'\na = {{_base_.scale}}\nb = dict(c={{ _base_.model.backbone.depth }}, d=[{{_base_.model.neck}}, ({{_base_.lr}},)])\nmodel = dict(neck=dict(num_outs=a))\n",
    'base_variable_missing': "_base_ = 'base.py'\na = {{_base_.model.nothing}}\n",
    'base_attribute': "_base_ = 'base.py'\na = _base_.scale\nb = _base_.model.backbone.out_indices[1:]\nc = _base_['lr'] * 10\nd = [*_base_.names, 'c']\n",
    'base_changed': "_base_ = 'base.py'\n_base_.model.backbone.depth = 18\n_base_.names.append('z')\n_base_.pipeline[1]['scale'] = (1, 2)\n_base_.pipeline.insert(1, dict(type='New'))\n",
    'base_aliased': "_base_ = 'base.py'\nmodel = _base_.model\nmodel.backbone.depth = 34\nmodel.heads[0].num_classes = 1\npipeline = _base_.pipeline\npipeline.pop(0)\n",
    'base_update': "_base_ = 'base.py'\n_base_.model.update(dict(backbone=dict(depth=1), neck=3))\n_base_.model.backbone.update(depth=2, more=dict(a=1))\n",
    'base_pop': "_base_ = 'base.py'\n_base_.model.backbone.pop('depth')\n_base_.model.pop('gone')\n_base_.pop('lr')\ndel _base_.names\n_base_.model.neck.pop('num_outs', None)\n",
    'base_merge': "_base_ = 'base.py'\n_base_.model.merge(dict(backbone=dict(_delete_=True, type='X'), neck=dict(num_outs=1)))\n",
    'base_loop': "_base_ = 'base.py'\nfor head in _base_.model.heads:\n    head.num_classes = 7\n    head['more'] = dict(a=[1])\n",
    'base_keys': "_base_ = 'base.py'\nks = list(_base_.model.keys())\nvs = [v for v in _base_.model.backbone.values()]\nhas = 'depth' in _base_.model.backbone\nitems = [(k, v) for k, v in _base_.model.neck.items()]\n",
    'base_copy': "_base_ = 'base.py'\nimport copy\na = copy.deepcopy(_base_.model)\na.backbone.depth = 1\nb = _base_.model.copy()\nb.neck.num_outs = 9\nc = dict(_base_.model)\nc['type'] = 'C'\nd = {**_base_.model.neck, 'num_outs': 1}\n",
    'base_missing': "_base_ = 'gone.py'\n",
    'base_no_extension': "_base_ = 'base'\n",
    'base_number': '_base_ = 3\n',
    'base_expression': "_base_ = ['ba' + 'se.py'] + [f'{n}.py' for n in ('other',)]\n",
    'base_in_if': "if True:\n    _base_ = 'base.py'\na = 1\n",
    'file_variables': "a = '{{ fileDirname }}'[-1:] == '/'\nb = '{{fileBasename}}'\nc = 'x/{{ fileBasenameNoExtension }}/y'\nd = '{{fileExtname}}'\n",
    'environment': "a = '{{$DETLAB_NOT_SET:some/where}}/x'\nb = {{'$DETLAB_NOT_SET:80'}}\nc = {{$DETLAB_NOT_SET:[1, 2]}}\n",
    'environment_missing': "a = '{{$DETLAB_NOT_SET:}}'\n",
    'deprecated': "_deprecation_ = dict(expected='b.py', reference='a page')\na = 1\n",
    'scalars': "a = 1\nb = 1.0\nc = 1e3\nd = 1_000\ne = 0x1F\nf = True\ng = None\nh = 'x'\ni = 1e-5\nj = -0.0\nk = float('inf')\nl = 10**20\nm = 2**-1\nn = 7 // 2\no = -7 // 2\np = -7 % 3\nq = 7 / 2\nr = 4 / 2\ns = 1e16\nt = round(2.5)\nu = round(2.675, 2)\nv = int(3.9)\nw = 5e-324\n",
    'containers': "a = (1,)\nb = ()\nc = [(1, 2), [3]]\nd = {1, 2}\ne = {'x': 1, 2: 'y'}\nf = dict([('a', 1)], b=2)\ng = 1, 2\nh = {}\ni = list(range(3))\nj = [0] * 3\nk = (1, 2) + (3,)\nl = [1] + [2]\n",
    'strings': "a = 'x' \"y\"\nb = r'\\d\\n'\nc = 'a\\tb\\x41\\u00e9'\nd = '''multi\nline'''\ne = f'{1 + 1}-{\"q\"!r:>5}-{2.5:.2f}'\nf = '%s_%03d' % ('x', 7)\ng = '{}/{name}'.format(1, name='n')\nh = 'a,b'.split(',')\ni = '-'.join(['x', 'y'])\nj = 'ab' * 2\nk = 'Hello'[1:-1].upper()\nl = 'x.y'.replace('.', '/')\n",
    'control': "out = []\nfor i, n in enumerate(['a', 'b', 'c']):\n    if n == 'b':\n        continue\n    out.append((i, n))\nelse:\n    done = True\nif len(out) > 1 and not None:\n    size = 'two'\nelif out:\n    size = 'one'\nelse:\n    size = 'none'\nx = 1 if out else 2\n",
    'comprehensions': "a = [i * 2 for i in range(5) if i % 2]\nb = {k: v for k, v in zip('ab', (1, 2))}\nc = [(x, y) for x in range(2) for y in range(x + 1)]\nd = sum(i for i in range(4))\ne = [[j for j in range(i)] for i in range(3)]\nf = sorted({3, 1, 2})\n",
    'unpacking': "a, b = 1, 2\n(c, d), e = [3, 4], 5\nf, *g = range(4)\nh = i = [1]\ni.append(2)\nj = dict(**dict(a=1), b=2)\nk = [*g, *h]\n",
    'augmented': "a = [1]\nb = a\nb += [2]\nc = (1,)\nc += (2,)\nd = 3\nd *= 2\nd -= 1.\ne = dict(a=[1])\ne['a'] += [2]\nf = 'x'\nf += 'y'\n",
    'slices': "a = list(range(10))\nb = a[::2]\nc = a[-3:]\na[1:4] = ['x']\ndel a[0]\nd = a[::-1]\ne = (1, 2, 3)[1:]\n",
    'methods': "d = dict(a=1, b=2)\ne = d.pop('a')\nf = d.get('z', 5)\nd.update(c=3)\nd.update({'x': 1})\ng = d.copy()\ng['c'] = 4\nh = d.setdefault('q', [])\nh.append(1)\nl = [3, 1, 2]\nl.sort()\nl.reverse()\nl.insert(1, 9)\nm = l.index(9)\nn = l.count(1)\nl.remove(9)\n",
    'imports': "_base_ = 'other.py'\nimport math\nimport os.path as osp\nimport copy\nfrom os.path import join\na = math.pi\nb = osp.join('a', 'b')\nc = copy.deepcopy([1])\nd = join('x', '/y')\ne = math.ceil(1.2)\n",
    'functions': "def helper():\n    return 1\nf = lambda x: x\na = 1\n",
    'main_guard': "a = 1\nif __name__ == '__main__':\n    a = 2\n",
    'private_names': "_a = 1\n__b = 2\na__ = 3\n",
    'loop_variable': "x = [i for i in range(2)]\nfor j in range(2):\n    pass\n",
    'annotated': "a: int = 3\nb: dict = dict(c=1)\n",
    'shadowed': "list_ = [1]\nlen_ = len(list_)\nmax = 3\nb = max\n",
    'comments': "# first\na = [  # open\n    1,  # one\n    # two\n    2,\n]  # end\nb = '# not a comment'\n",
    'custom_imports': "custom_imports = dict(imports=['nothing.here'], allow_failed_imports=True)\n",
    'syntax_error': 'a = [1, 2\nb = 3\n',
    'unknown_name': 'a = b\n',
    'zero_division': 'a = 1 / 0\n',
    'key_twice': 'a = dict(x=1, x=2)\n',
    'key_twice_display': "a = {'x': 1, 'x': 2}\n",
    'key_twice_spread': "b = dict(x=1)\na = dict(x=2, **b)\n",
    'reserved': "filename = 'x'\n",
    'not_dict_spread': 'a = dict(**[1])\n',
    'unhashable': 'a = {[1]: 2}\n',
    'grandchild': "_base_ = './child.py'\nmodel = dict(backbone=dict(depth=152))\nb = _base_.scale\n",
    'new_style_base': "_base_ = 'new_base.py'\n",
}
NEW = {
    'new_import_all': 'from mmengine.config import read_base\nwith read_base():\n    from .new_base import *\n',
    'new_import_names': 'from mmengine.config import read_base\nwith read_base():\n    from .new_base import model, num as n\nx = n + 1\n',
    'new_update': "from mmengine.config import read_base\nwith read_base():\n    from .new_base import *\nfrom mmdet.models import PAFPN\nmodel.update(dict(neck=dict(type=PAFPN), backbone=dict(depth=101)))\nmodel.backbone.extra = dict(a=1)\npipeline.append(dict(type='Pad'))\n",
    'new_merge': "from mmengine.config import read_base\nwith read_base():\n    from .new_base import *\nmodel.merge(dict(backbone=dict(_delete_=True, type='X')))\noptim = dict(type='Adam')\n",
    'new_delete_is_plain': "from mmengine.config import read_base\nwith read_base():\n    from .new_base import *\nmodel = dict(_delete_=True, x=1)\n",
    'new_lazy': "from mmdet.models import FPN as F\nimport torch.nn as nn\nimport mmdet.models\na = dict(type=F)\nb = nn.Conv2d\nc = [mmdet.models.necks.FPN, F]\nF2 = F\n",
    'new_nested_imported': "from mmengine.config import read_base\nwith read_base():\n    from .new_child import *\nloader.pipeline[1].prob = 1.0\n",
    'new_with_base_key': "from mmengine.config import read_base\nwith read_base():\n    from .new_base import *\n_base_ = 'base.py'\n",
    'new_missing': 'from mmengine.config import read_base\nwith read_base():\n    from .gone import *\n',
    'new_missing_name': 'from mmengine.config import read_base\nwith read_base():\n    from .new_base import gone\n',
    'new_star': 'from mmdet.models import *\n',
    'new_call': 'from mmdet.models import FPN\na = FPN(3)\n',
    'new_relative_class': 'from .module import Thing\na = dict(type=Thing)\n',
    'new_other_with': 'with open("x"):\n    pass\n',
}
SHARED = {
    'base.py': BASE,
    'other.py': OTHER,
    'clash.py': 'lr = 1\n',
    'child.py': "_base_ = 'base.py'\nmodel = dict(neck=dict(num_outs=6))\nmine = dict(scale=_base_.scale)\n",
    'new_base.py': NEW_BASE,
    'new_child.py': 'from mmengine.config import read_base\nwith read_base():\n    from .new_base import *\nmodel.backbone.depth = 18\nfrom torch.optim import Adam\noptim.type = Adam\n',
}


def typed(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {'$int': str(value)}
    if isinstance(value, float):
        return {'$float': repr(value)}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, tuple):
        return {'$tuple': [typed(item) for item in value]}
    if isinstance(value, set):
        return {'$set': sorted((typed(item) for item in value), key=repr)}
    if isinstance(value, dict):
        return {'$dict': [[typed(key), typed(item)] for key, item in value.items()]}
    return {'$code': True}


def main(output):
    warnings.simplefilter('ignore')
    cases = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in SHARED.items():
            with open(os.path.join(folder, name), 'w') as file:
                file.write(text)
        for name, text in {**CLASSIC, **NEW}.items():
            path = os.path.join(folder, f'{name}.py')
            with open(path, 'w') as file:
                file.write(text)
            try:
                config = Config.fromfile(path, import_custom_modules=False).to_dict()
                cases[name] = {'text': text, 'value': typed(config)}
            except Exception as error:
                cases[name] = {'text': text, 'error': f'{type(error).__name__}: {error}'.replace(folder, '')[:160]}
    with open(output, 'w') as file:
        json.dump({'shared': SHARED, 'cases': cases}, file, separators=(',', ':'), ensure_ascii=False)


if __name__ == '__main__':
    main(sys.argv[1])
