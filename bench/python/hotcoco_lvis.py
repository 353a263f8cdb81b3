# Times of hotcoco's LVIS mode for gt.json and dt.json of a folder, as one JSON line { load, evaluate, cpu, AP }.
#   RAYON_NUM_THREADS=1 python hotcoco_lvis.py FOLDER
import contextlib
import json
import os
import sys
import time

import hotcoco

folder = sys.argv[1]
with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
    started = time.perf_counter()
    truths = hotcoco.COCO(f"{folder}/gt.json")
    found = truths.load_res(f"{folder}/dt.json")
    loaded = time.perf_counter()
    cpu = time.process_time()
    evaluation = hotcoco.COCOeval(truths, found, "bbox", lvis_style=True)
    evaluation.run()
    evaluated = time.perf_counter()
    cpu = time.process_time() - cpu
    results = evaluation.get_results()
print(json.dumps(dict(load=loaded - started, evaluate=evaluated - loaded, cpu=cpu, AP=float(results["AP"]))))
