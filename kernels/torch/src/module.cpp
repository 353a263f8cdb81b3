// The Node-API module: the functions that the source files define, and facts about the build.
#include "call.h"
#include "definitions.h"

namespace detlab {

static napi_value initialise(napi_env env, napi_value exports) {
  static bool defined = false;  // a worker thread may load the module again; libtorch's state belongs to the process
  if (!defined) {
    definePrecision();
    defineMemory();
    defineElementwise();
    defineReductions();
    defineShapes();
    defineIndexing();
    defineConvolution();
    definePooling();
    defineDetectionConvolution();
    defineBatchNorm();
    defineDeformConvolution();
    defineDeformAttention();
    defineRoiAlign();
    defineFocalLoss();
    defineNms();
    defineAutograd();
    defineOptimizer();
    defineTransformer();
    defineProfile();
    defineProcessGroup();
    defineGradientBuckets();
    defineImageBatch();
    defined = true;
  }
  exportAll(env, exports);
  napi_set_named_property(env, exports, "torchVersion", jsText(env, TORCH_VERSION));
#ifdef DETLAB_CUDA
  napi_set_named_property(env, exports, "hasCuda", jsBoolean(env, at::globalContext().hasCUDA()));
#else
  napi_set_named_property(env, exports, "hasCuda", jsBoolean(env, false));
#endif
  return exports;
}

}  // namespace detlab

NAPI_MODULE(detlab_torch, detlab::initialise)
