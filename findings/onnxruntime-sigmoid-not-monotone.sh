#!/usr/bin/env bash
# ONNX Runtime 1.32.0 on the CPU
#
# The Sigmoid of a logit, in float32. Expected: the number that PyTorch and NumPy give, to a few units in the last place, and above
# all a larger score for a larger logit: detectors rank boxes by it. What happens: at a logit of -10 the fourth digit is wrong, at -14
# the second; from about -11 down larger logits can have smaller scores (-17 has 1.5 times the score of -16), and from -18 down all
# scores are 0. Boxes that are ranked without a threshold, as proposals and queries are, come in another order, and NMS keeps others
# of them. 1 / (1 + Exp(-x)), of standard operators, is right in the same session.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0
cat > scores.py <<'PYTHON'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

nodes = [
    helper.make_node("Sigmoid", ["x"], ["sigmoid"]),
    helper.make_node("Neg", ["x"], ["minus"]),
    helper.make_node("Exp", ["minus"], ["odds"]),
    helper.make_node("Add", ["one", "odds"], ["sum"]),
    helper.make_node("Reciprocal", ["sum"], ["formula"]),
]
value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"])
one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
graph = helper.make_graph(nodes, "scores", [value("x")], [value("sigmoid"), value("formula")], [one])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

print("ONNX Runtime", ort.__version__)
x = np.array([-10, -15, -16, -17, -18, -20, -25], np.float32)
sigmoid, formula = session.run(None, {"x": x})
right = 1 / (1 + np.exp(-x.astype(np.float64)))
for row in zip(x, sigmoid, formula, right):
    print("logit %4d  Sigmoid %.3e  1 / (1 + Exp(-x)) %.3e  right %.3e" % row)
assert np.allclose(formula, right, rtol=1e-6), "the formula is wrong too"
assert sigmoid[3] > sigmoid[2], "a larger logit has the larger score"
assert (sigmoid[4:] == 0).all(), "scores of small logits are not 0"

ascending = np.linspace(-18, -10, 200, dtype=np.float32)
sigmoid, formula = session.run(None, {"x": ascending})
print("of 199 steps up in logit from -18 to -10, steps down in score:", (np.diff(sigmoid) < 0).sum(), "by Sigmoid,",
      (np.diff(formula) < 0).sum(), "by the formula")
PYTHON
venv/bin/python scores.py
