# Times of hotcoco for gt.json and dt.json of a folder: loading, evaluation, and the twelve numbers of each round.
#   RAYON_NUM_THREADS=1 python hotcoco_eval.py FOLDER bbox|segm ROUNDS
import contextlib
import json
import os
import sys
import time

import hotcoco

folder, kind, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
result = {"version": hotcoco.__version__, "load": [], "evaluate": [], "cpu": []}
with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet):
    for _ in range(rounds):
        started = time.perf_counter()
        truths = hotcoco.COCO(f"{folder}/gt.json")
        found = truths.load_res(f"{folder}/dt.json")
        loaded = time.perf_counter()
        cpu = time.process_time()
        evaluation = hotcoco.COCOeval(truths, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        result["load"].append(loaded - started)
        result["evaluate"].append(time.perf_counter() - loaded)
        result["cpu"].append(time.process_time() - cpu)
        result["stats"] = [float(v) for v in evaluation.stats]
print(json.dumps(result))
