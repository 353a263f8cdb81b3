"""What mmengine reads from the configs that `detlab config print --py` writes: test/golden/config/printed_configs.json.

Needs mmengine 0.10.7 from PyPI. Run: python printed_configs.py PRINTED.json OUTPUT.json, where PRINTED.json has texts by
name, as printed for the cases of python_configs.json.
"""

import json
import os
import sys
import tempfile
import warnings

from mmengine.config import Config
from python_configs import typed


def main(printed, output):
    warnings.simplefilter('ignore')
    cases = {}
    with open(printed) as file:
        texts = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            path = os.path.join(folder, f'{name}.py')
            with open(path, 'w') as file:
                file.write(text)
            config = Config.fromfile(path, import_custom_modules=False).to_dict()
            cases[name] = {'text': text, 'value': typed(config)}
    with open(output, 'w') as file:
        json.dump(cases, file, separators=(',', ':'), ensure_ascii=False)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
