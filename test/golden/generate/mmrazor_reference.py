"""The parts of mmrazor 1.0.0 that distil detectors, without its packages for search and quantization, which no present torch can
import. Import after mmyolo's modules are registered; needs mmrazor 1.0.0 (pip install --no-deps).
"""
import importlib
import importlib.util
import os
import sys
import types

ROOT = os.path.dirname(importlib.util.find_spec('mmrazor').origin)


def package(name, **members):
    module = types.ModuleType(name)
    module.__path__ = [os.path.join(ROOT, *name.split('.')[1:])]
    module.__dict__.update(members)
    sys.modules[name] = module


def load(name, *members):
    module = importlib.import_module(name)
    return {member: getattr(module, member) for member in members}


package('mmrazor')
for name in ('models', 'engine', 'models.algorithms', 'models.algorithms.distill', 'models.algorithms.distill.configurable',
             'models.architectures', 'models.architectures.connectors', 'models.distillers', 'models.losses'):
    package(f'mmrazor.{name}')
package('mmrazor.models.utils', **load('mmrazor.registry', 'MODELS'))
sys.modules['mmrazor.models.utils'].__dict__.update(load('mmrazor.models.utils.misc', 'add_prefix'))
package('mmrazor.models.task_modules')
sys.modules['mmrazor.models.task_modules'].__dict__.update({
    **load('mmrazor.models.task_modules.recorder', 'RecorderManager'),
    **load('mmrazor.models.task_modules.delivery', 'DistillDeliveryManager'),
})
for name in ('models.algorithms.distill.configurable.fpn_teacher_distill', 'models.distillers.configurable_distiller',
             'models.architectures.connectors.convmodule_connector', 'models.architectures.connectors.norm_connector',
             'models.losses.cwd', 'models.losses.pkd_loss', 'models.losses.l2_loss', 'models.losses.kl_divergence'):
    importlib.import_module(f'mmrazor.{name}')
MODELS = sys.modules['mmrazor.registry'].MODELS
for registry in vars(sys.modules['mmrazor.registry']).values():
    if hasattr(registry, 'import_from_location'):
        registry._imported = True  # what is registered above is all there is
